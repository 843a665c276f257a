// Package bound derives how long anything may take from the timing in force, so that no test types a duration.
//
//	fault ──► no leader ──► new leader ──► noticed ──► attached elsewhere ──► fresh
//	          └─ Election ─────────────┘└─ Notice ──┘└─ Attach ───────────┘└─ Calm ┘
package bound

import (
	"errors"
	"fmt"
	"time"
)

// Timing is every interval that decides how fast a world can notice and recover: etcd's, the manager's, and the harness's
// own. [Production] and [Compressed] are complete; [Timing.With] puts in a manager's own figures.
type Timing struct {
	// Heartbeat and Election are etcd's heartbeat interval and election timeout.
	Heartbeat, Election time.Duration

	// Manager is the timing of the manager under test.
	Manager

	// Unaided is how long a manager may take to leave a member that has fallen behind if it has neither a probe nor an idle timeout
	// nor polls: what the engine's own probe would take. A design that can never notice is a failure all the same.
	Unaided time.Duration

	// Load is how often the programs of a workload commit an update; of a manager that shows only some kinds, an update of one of these.
	Load time.Duration
	// Observe is how often the harness looks at a manager's view.
	Observe time.Duration
	// Slack is how long the machine may keep a runnable goroutine waiting; zero in virtual time.
	Slack time.Duration
	// Stay is how long a run goes on after a view has recovered from a fault, with the fault still in force, and once more at its end. What
	// only shows after a lease, a quarantine or a member sync has run out would be missed otherwise. Zero where time is real.
	Stay time.Duration
}

// Manager is a manager's own timing. A zero field means that the manager has no such thing.
type Manager struct {
	// ProbeInterval is how often a manager reads through another member than its watch's, ProbeTimeout how long it lets
	// such a read take, ProbeGrace how long a watch may lag behind what the read showed.
	ProbeInterval, ProbeTimeout, ProbeGrace time.Duration
	// ProgressInterval is how often a manager asks its watch for progress; IdleTimeout how long it believes in a watch
	// that delivers nothing, progress included.
	ProgressInterval, IdleTimeout time.Duration
	// Poll is how often a manager reads instead of watching.
	Poll time.Duration
	// RequestTimeout is how long a manager lets one attempt to read or to create a watch take. Zero: the engine's figure is
	// taken, since every manager reads.
	RequestTimeout time.Duration
	// BackoffCap is the longest pause of a manager, and of gRPC below it, between two attempts. Zero: the engine's figure.
	BackoffCap time.Duration
	// LeaseTTL and Refresh are those of a manager's own keys. etcd counts leases in whole seconds.
	LeaseTTL, Refresh time.Duration
}

// With is the timing with a manager's own figures in the place of the suggested ones.
func (t Timing) With(m Manager) Timing {
	suggested := Bounds{Timing: t}
	if m.RequestTimeout == 0 {
		m.RequestTimeout = t.RequestTimeout
	}
	if m.BackoffCap == 0 {
		m.BackoffCap = t.BackoffCap
	}
	t.Unaided = suggested.ProbeNotice()
	t.Manager = m
	return t
}

// Production is etcd's defaults and the reference manager's, for virtual time.
func Production() Timing {
	m := Manager{
		ProbeInterval: time.Second, ProbeTimeout: time.Second, ProbeGrace: 300 * time.Millisecond,
		ProgressInterval: 3 * time.Second, IdleTimeout: 10 * time.Second,
		RequestTimeout: 2 * time.Second, BackoffCap: 3 * time.Second,
		LeaseTTL: 45 * time.Second, Refresh: 30 * time.Second,
	}
	return Timing{
		Heartbeat: 100 * time.Millisecond, Election: time.Second, Manager: m,
		Load: 500 * time.Millisecond, Observe: 50 * time.Millisecond, Stay: m.LeaseTTL + m.Refresh,
	}.With(m)
}

// Compressed is Production made about four times as fast where the wall clock allows it, so that a scenario lasts seconds.
// etcd's election timeout is only halved: below 500 ms a busy machine's pauses elect leaders nobody asked for. One such
// pause is what Slack allows everywhere else too: a machine that stalls for longer disturbs the cluster itself. The idle timeout is
// so much longer than what a probe takes, slack and all, that the two can be told apart here as well.
func Compressed() Timing {
	m := Manager{
		ProbeInterval: 250 * time.Millisecond, ProbeTimeout: 250 * time.Millisecond, ProbeGrace: 150 * time.Millisecond,
		ProgressInterval: time.Second, IdleTimeout: 4 * time.Second,
		RequestTimeout: 500 * time.Millisecond, BackoffCap: 500 * time.Millisecond,
		LeaseTTL: 3 * time.Second, Refresh: time.Second,
	}
	return Timing{
		Heartbeat: 50 * time.Millisecond, Election: 500 * time.Millisecond, Manager: m,
		Load: 50 * time.Millisecond, Observe: 10 * time.Millisecond,
		Slack: 500 * time.Millisecond,
	}.With(m)
}

// Check names what is wrong with a timing that cannot work.
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
