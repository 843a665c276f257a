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
// own. All fields are needed; [Production] and [Compressed] are complete.
type Timing struct {
	// Heartbeat and Election are etcd's heartbeat interval and election timeout.
	Heartbeat, Election time.Duration

	// ProbeInterval is how often a manager reads through another member than its watch's, ProbeTimeout how long it lets
	// such a read take, ProbeGrace how long a watch may lag behind what the read showed.
	ProbeInterval, ProbeTimeout, ProbeGrace time.Duration
	// ProgressInterval is how often a manager asks its watch for progress; IdleTimeout how long it believes in a watch
	// that delivers nothing, progress included.
	ProgressInterval, IdleTimeout time.Duration
	// RequestTimeout is how long a manager lets one attempt to read or to create a watch take.
	RequestTimeout time.Duration
	// BackoffCap is the longest pause of a manager, and of gRPC below it, between two attempts.
	BackoffCap time.Duration
	// LeaseTTL and Refresh are those of a manager's registration. etcd counts leases in whole seconds.
	LeaseTTL, Refresh time.Duration

	// Load is how often the fakes of a world commit an update.
	Load time.Duration
	// Observe is how often the harness looks at a manager's view.
	Observe time.Duration
	// Slack is how long the machine may keep a runnable goroutine waiting; zero in virtual time.
	Slack time.Duration
}

// Production is etcd's defaults and the reference manager's, for virtual time.
func Production() Timing {
	return Timing{
		Heartbeat: 100 * time.Millisecond, Election: time.Second,
		ProbeInterval: time.Second, ProbeTimeout: time.Second, ProbeGrace: 300 * time.Millisecond,
		ProgressInterval: 3 * time.Second, IdleTimeout: 10 * time.Second,
		RequestTimeout: 2 * time.Second, BackoffCap: 3 * time.Second,
		LeaseTTL: 45 * time.Second, Refresh: 30 * time.Second,
		Load: 500 * time.Millisecond, Observe: 50 * time.Millisecond,
	}
}

// Compressed is Production made about four times as fast where the wall clock allows it, so that a scenario lasts seconds.
// etcd's election timeout is only halved: below 500 ms a busy machine's pauses elect leaders nobody asked for. One such
// pause is what Slack allows everywhere else too: a machine that stalls for longer disturbs the cluster itself. The idle timeout is
// so much longer than what a probe takes, slack and all, that the two can be told apart here as well.
func Compressed() Timing {
	return Timing{
		Heartbeat: 50 * time.Millisecond, Election: 500 * time.Millisecond,
		ProbeInterval: 250 * time.Millisecond, ProbeTimeout: 250 * time.Millisecond, ProbeGrace: 150 * time.Millisecond,
		ProgressInterval: time.Second, IdleTimeout: 4 * time.Second,
		RequestTimeout: 500 * time.Millisecond, BackoffCap: 500 * time.Millisecond,
		LeaseTTL: 3 * time.Second, Refresh: time.Second,
		Load: 50 * time.Millisecond, Observe: 10 * time.Millisecond,
		Slack: 500 * time.Millisecond,
	}
}

// Check names what is wrong with a timing that cannot work.
func (t Timing) Check() error {
	var errs []error
	for _, f := range []struct {
		name  string
		value time.Duration
	}{
		{"heartbeat", t.Heartbeat},
		{"election timeout", t.Election},
		{"probe interval", t.ProbeInterval},
		{"probe timeout", t.ProbeTimeout},
		{"probe grace", t.ProbeGrace},
		{"progress interval", t.ProgressInterval},
		{"idle timeout", t.IdleTimeout},
		{"request timeout", t.RequestTimeout},
		{"backoff cap", t.BackoffCap},
		{"lease TTL", t.LeaseTTL},
		{"refresh interval", t.Refresh},
		{"load interval", t.Load},
		{"observe interval", t.Observe},
	} {
		if f.value <= 0 {
			errs = append(errs, fmt.Errorf("timing: %s is %v, want more than zero", f.name, f.value))
		}
	}
	if t.Election < 5*t.Heartbeat {
		errs = append(errs, fmt.Errorf("timing: election timeout %v is under five heartbeats of %v, which etcd refuses", t.Election, t.Heartbeat))
	}
	if t.ProgressInterval >= t.IdleTimeout {
		errs = append(errs, fmt.Errorf("timing: progress every %v cannot keep an idle timeout of %v from firing", t.ProgressInterval, t.IdleTimeout))
	}
	if t.Refresh >= t.LeaseTTL {
		errs = append(errs, fmt.Errorf("timing: a refresh every %v cannot keep a lease of %v", t.Refresh, t.LeaseTTL))
	}
	return errors.Join(errs...)
}
