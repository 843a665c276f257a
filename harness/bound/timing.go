// Package bound derives, from the timing of a run, how long everything may take, so that no test contains a duration.
//
//	fault ──► no leader ──► new leader ──► noticed ──► attached elsewhere ──► fresh
//	          └─ Election ─────────────┘└─ Notice ──┘└─ Attach ───────────┘└─ Calm ┘
package bound

import (
	"errors"
	"fmt"
	"time"
)

// Timing has all intervals that decide how fast a fault is noticed and recovered from: those of etcd, of the manager, and of the harness.
// [Production] and [Compressed] are complete; [Timing.With] replaces the manager's intervals.
type Timing struct {
	// Heartbeat and Election are etcd's heartbeat interval and election timeout.
	Heartbeat, Election time.Duration

	// Manager is the timing of the manager under test.
	Manager

	// Unaided is how long a manager without a probe that does not poll may take to notice that its member has fallen behind: as long
	// as the probe of the engine's own timing would take. A manager that by its design can never notice fails all the same.
	Unaided time.Duration

	// Load is how often the programs of a workload commit an update of the kinds that the manager shows.
	Load time.Duration
	// Observe is how often the harness calls the manager's View.
	Observe time.Duration
	// Slack is how long the machine may keep a runnable goroutine waiting; zero in virtual time.
	Slack time.Duration
	// Stay is how long a run goes on after a view has recovered from a fault, with the fault still in force, and once more at the end of the
	// run. Without it, errors that show only after a lease, a quarantine or a member sync has expired would be missed. Zero in real time.
	Stay time.Duration
}

// Manager has a manager's own intervals. Unless a field says otherwise, zero means that the manager has no such interval.
type Manager struct {
	// ProbeInterval is how often a manager reads through a member other than the watched one, ProbeTimeout the timeout of
	// such a read, and ProbeGrace how long a watch may lag behind the revision that the read returned.
	ProbeInterval, ProbeTimeout, ProbeGrace time.Duration
	// ProgressInterval is how often a manager requests progress on its watch. IdleTimeout is how long it keeps a watch
	// that delivers nothing, progress included.
	ProgressInterval, IdleTimeout time.Duration
	// Poll is how often a manager that reads instead of watching does so.
	Poll time.Duration
	// RequestTimeout is a manager's timeout for one attempt to read or to create a watch. Zero: that of the engine's timing,
	// since every manager reads.
	RequestTimeout time.Duration
	// BackoffCap is the longest pause between two attempts, of the manager and of gRPC. Zero: that of the engine's timing.
	BackoffCap time.Duration
	// Sync is how often a manager reads the member list of a cluster. Zero: it never learns of a member that joins, until it is given
	// the cluster's endpoints again.
	Sync time.Duration
	// KeepAlive is how long a connection with an open stream is kept on which nothing arrives, answers to pings included: gRPC's keepalive time
	// plus its timeout. gRPC pings no more often than every 10 s. Zero: that of the engine's timing, since without it a dead connection stays
	// for ever.
	KeepAlive time.Duration
	// LeaseTTL is the TTL of the lease of a manager's own keys, in whole seconds as in etcd, and Refresh how often the manager refreshes
	// the keys.
	LeaseTTL, Refresh time.Duration
}

// With returns the timing with a manager's own intervals instead of those suggested by the engine.
func (t Timing) With(m Manager) Timing {
	suggested := Bounds{Timing: t}
	if m.RequestTimeout == 0 {
		m.RequestTimeout = t.RequestTimeout
	}
	if m.BackoffCap == 0 {
		m.BackoffCap = t.BackoffCap
	}
	if m.KeepAlive == 0 {
		m.KeepAlive = t.KeepAlive
	}
	t.Unaided = suggested.ProbeNotice()
	t.Manager = m
	return t
}

// keepAlive is the keepalive of the reference manager, TiProxy and BR: a time of 10 s and a timeout of 3 s. It is the same on every engine, since
// gRPC raises a shorter time to 10 s.
const keepAlive = 13 * time.Second

// Production has the defaults of etcd and of the reference manager. It is the timing of virtual time.
func Production() Timing {
	m := Manager{
		ProbeInterval: time.Second, ProbeTimeout: time.Second, ProbeGrace: 300 * time.Millisecond,
		ProgressInterval: 3 * time.Second, IdleTimeout: 10 * time.Second,
		RequestTimeout: 2 * time.Second, BackoffCap: 3 * time.Second, KeepAlive: keepAlive, Sync: 30 * time.Second,
		LeaseTTL: 45 * time.Second, Refresh: 30 * time.Second,
	}
	return Timing{
		Heartbeat: 100 * time.Millisecond, Election: time.Second, Manager: m,
		Load: 500 * time.Millisecond, Observe: 50 * time.Millisecond, Stay: m.LeaseTTL + m.Refresh,
	}.With(m)
}

// Compressed is about four times as fast as Production where real time allows it, so that a scenario takes seconds. The election timeout
// is only halved: below 500 ms, the pauses of a busy machine cause elections. Slack is one such pause, since a machine that stalls for longer
// disturbs the cluster itself. The idle timeout is still longer than what a probe needs, slack included, so that oracles can distinguish
// the two.
func Compressed() Timing {
	m := Manager{
		ProbeInterval: 250 * time.Millisecond, ProbeTimeout: 250 * time.Millisecond, ProbeGrace: 150 * time.Millisecond,
		ProgressInterval: time.Second, IdleTimeout: 4 * time.Second,
		RequestTimeout: 500 * time.Millisecond, BackoffCap: 500 * time.Millisecond, KeepAlive: keepAlive, Sync: 8 * time.Second,
		LeaseTTL: 3 * time.Second, Refresh: time.Second,
	}
	return Timing{
		Heartbeat: 50 * time.Millisecond, Election: 500 * time.Millisecond, Manager: m,
		Load: 50 * time.Millisecond, Observe: 10 * time.Millisecond,
		Slack: 500 * time.Millisecond,
	}.With(m)
}

// Brief is the timing for runs that end soon after the views have recovered: Stay is one pause between two attempts, in which what was begun, such as a
// registration, comes to its end. A run costs a sixth of what it costs with the whole Stay, and misses what shows only later.
func (t Timing) Brief() Timing {
	t.Stay = min(t.Stay, t.BackoffCap)
	return t
}

// Check returns an error that names every interval with which the timing cannot work.
func (t Timing) Check() error {
	var errs []error
	check := func(name string, value time.Duration, optional bool) {
		switch {
		case value < 0:
			errs = append(errs, fmt.Errorf("timing: %s is %v, want no less than zero", name, value))
		case value == 0 && !optional:
			errs = append(errs, fmt.Errorf("timing: %s is %v, want more than zero", name, value))
		}
	}
	const needed, optional = false, true
	check("heartbeat", t.Heartbeat, needed)
	check("election timeout", t.Election, needed)
	check("probe interval", t.ProbeInterval, optional)
	check("probe timeout", t.ProbeTimeout, t.ProbeInterval == 0)
	check("probe grace", t.ProbeGrace, optional)
	check("progress interval", t.ProgressInterval, optional)
	check("idle timeout", t.IdleTimeout, optional)
	check("poll interval", t.Poll, optional)
	check("request timeout", t.RequestTimeout, needed)
	check("backoff cap", t.BackoffCap, needed)
	check("sync interval", t.Sync, optional)
	check("keepalive", t.KeepAlive, optional)
	check("lease TTL", t.LeaseTTL, optional)
	check("refresh interval", t.Refresh, t.LeaseTTL == 0)
	check("load interval", t.Load, needed)
	check("observe interval", t.Observe, needed)
	check("slack", t.Slack, optional)
	check("stay", t.Stay, optional)
	if t.Election < 5*t.Heartbeat {
		errs = append(errs, fmt.Errorf("timing: election timeout %v is under five heartbeats of %v, which etcd refuses", t.Election, t.Heartbeat))
	}
	if t.IdleTimeout > 0 && t.ProgressInterval >= t.IdleTimeout {
		errs = append(errs, fmt.Errorf("timing: progress every %v cannot keep an idle timeout of %v from firing", t.ProgressInterval, t.IdleTimeout))
	}
	if t.LeaseTTL > 0 && t.Refresh >= t.LeaseTTL {
		errs = append(errs, fmt.Errorf("timing: a refresh every %v cannot keep a lease of %v", t.Refresh, t.LeaseTTL))
	}
	return errors.Join(errs...)
}
