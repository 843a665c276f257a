// Package record is what one run leaves behind: plain data, complete enough to judge the run by, print it and draw it.
//
// Everything an oracle may know is here; oracles look at nothing else and so cannot race with a world (the idea is
// porcupine's: check a history, not a system). All instants are offsets from the start of the world.
package record

import (
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness/bound"
)

// Record is one run.
type Record struct {
	Timing   bound.Timing
	Clusters []Cluster
	// ManagerStart is when the manager was first given its clusters, ManagerClose when its Close was called and
	// ManagerClosed when that returned; negative if it never happened. End is when the world was closed.
	ManagerStart, ManagerClose, ManagerClosed, End time.Duration

	Commits []Commit      // the ledger, in the order of the answers
	Views   []View        // each change of what the manager showed
	Errors  []ViewError   // each new error a view carried
	Faults  []Fault       // each fault with its time
	Quorum  []QuorumLoss  // each time a cluster could not commit, because of faults
	Watches []Watch       // each watch of the manager, on the member that served it
	Leaders []Leader      // each leader a majority followed, and each time there was none
	Beliefs []Belief      // each change of what a member thinks of itself
	Keys    []Keys        // each change in the keys that must stand in a cluster
	Left    []Leftover    // what was still there after it should have gone
	Notes   []Note        // what the scenario and the fakes said
	Checks  []Expectation // what the scenario required as it went
}

// Cluster is a cluster's name and the names of all members it ever had, in order; Gone are those that were removed. Since is when the manager was given it, or zero if that was
// at the manager's start; Until is when the manager was told to let go of it, or zero.
type Cluster struct {
	Name          string
	Members, Gone []string
	Since, Until  time.Duration
}

// Kind is what an update is about.
type Kind string

const (
	// Backend is a TiDB server's registration; its value is its start timestamp.
	Backend Kind = "backend"
	// Checkpoint is a task's global checkpoint; its value is the decimal number.
	Checkpoint Kind = "checkpoint"
)

// Subject is one thing whose updates are followed: a backend's address or a task's checkpoint.
type Subject struct {
	Kind Kind
	Name string
}

func (s Subject) String() string { return string(s.Kind) + " " + s.Name }

// Commit is one update that was truly committed, at Revision. Begun is when its writer first tried, At when it had the answer:
// the commit itself was somewhere between the two. An empty Value means that the subject is gone.
type Commit struct {
	Begun    time.Duration
	At       time.Duration
	Cluster  string
	Subject  Subject
	Value    string
	Revision int64
}

// Change is one subject's new value in a view; an empty value means that the view does not show it any more.
type Change struct {
	Subject Subject
	Value   string
}

func (c Change) String() string {
	if c.Value == "" {
		return c.Subject.String() + " gone"
	}
	return c.Subject.String() + " = " + c.Value
}

// View is a change of what the manager showed of a cluster.
type View struct {
	At       time.Duration
	Cluster  string
	Revision int64
	Changes  []Change // sorted by subject
}

// ViewError is an error newly seen in a view. Idle is set if it was an idle timeout: the timeout it named.
type ViewError struct {
	At      time.Duration
	Cluster string
	Text    string
	Idle    time.Duration
}

// Fault is a fault and its time; To is negative while it lasts.
type Fault struct {
	Text     string // the fault as an expression, to be read back
	Scope    Scope
	From, To time.Duration
}

// Scope is what a fault touches in one cluster.
type Scope struct {
	Cluster string
	// Members are those it touches, in any way.
	Members []string
	// Crippled are those that can take no part in a quorum while it lasts.
	Crippled []string
	// Cut are the pairs of members, from and to, whose raft traffic it stops.
	Cut [][2]string
	// Silences says that it may keep a watch's answers, progress included, from reaching the manager.
	Silences bool
}

// QuorumLoss is a time in which no majority of a cluster could work together; To is negative while it lasts.
type QuorumLoss struct {
	Cluster  string
	From, To time.Duration
}

// Watch is one watch of the manager as the member that serves it sees it. Closed is negative while it is open.
type Watch struct {
	ID      int
	Cluster string
	Member  string
	Key     string
	Opened  time.Duration
	Closed  time.Duration
	// Last is when the member last sent something on it. Silences are the earlier gaps between two answers that were
	// longer than half the idle timeout.
	Last     time.Duration
	Silences []Silence
}

// Silence is a gap between two answers on a watch.
type Silence struct{ From, To time.Duration }

// Leader is the member that a majority followed from At on; an empty Member means that there was none.
type Leader struct {
	At      time.Duration
	Cluster string
	Member  string
	Term    uint64
}

// Belief is what a member thinks of itself from At on.
type Belief struct {
	At      time.Duration
	Cluster string
	Member  string
	Leads   bool
	Down    bool
	Term    uint64
}

// Keys is what was missing, from At on, of the keys that must stand in a cluster: the manager's own registration and, in
// Foreign, keys of others that it must not touch.
type Keys struct {
	At               time.Duration
	Cluster          string
	Missing, Foreign []string
}

// Leftover is something that outlived the manager or a removed cluster.
type Leftover struct {
	At    time.Duration
	After string // what should have taken it away
	What  string
}

// Note is a line for the transcript.
type Note struct {
	At   time.Duration
	Text string
}

// Expectation is something the scenario required, with the time it may take and took.
type Expectation struct {
	Verdict
	At      time.Duration
	Cluster string
	// Took and Bound are set for failovers.
	Took, Bound time.Duration
}

// Verdict is what an oracle says of a run.
type Verdict struct {
	Oracle   string `json:"oracle"`
	Passed   bool   `json:"passed"`
	Evidence string `json:"evidence,omitempty"`
}

func (v Verdict) String() string {
	word := "passed"
	if !v.Passed {
		word = "FAILED"
	}
	if v.Evidence == "" {
		return fmt.Sprintf("%s %s", v.Oracle, word)
	}
	return fmt.Sprintf("%s %s: %s", v.Oracle, word, v.Evidence)
}

// Bounds are the bounds that follow from the run's timing.
func (r *Record) Bounds() bound.Bounds { return bound.Bounds{Timing: r.Timing} }

// Cluster finds a cluster of the run by name.
func (r *Record) Cluster(name string) (Cluster, bool) {
	for _, c := range r.Clusters {
		if c.Name == name {
			return c, true
		}
	}
	return Cluster{}, false
}

// Managed is the time in which a cluster was the manager's to follow: from when it was given the cluster until it was
// closed, was told to let go of it, or the record ended. It is false for a cluster that it never had.
func (r *Record) Managed(cluster string) (from, until time.Duration, ok bool) {
	c, ok := r.Cluster(cluster)
	if !ok || r.ManagerStart < 0 {
		return 0, 0, false
	}
	until = r.End
	if r.ManagerClose >= 0 {
		until = r.ManagerClose
	}
	if c.Until > 0 {
		until = min(until, c.Until)
	}
	return max(r.ManagerStart, c.Since), until, true
}

// Ended is a span's end, or the end of the record for one that was still open.
func (r *Record) Ended(to time.Duration) time.Duration {
	if to < 0 {
		return r.End
	}
	return to
}
