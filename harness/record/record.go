// Package record records what happens in a run, as plain data that is complete enough to judge the run, print it and draw it.
//
// Oracles use nothing but the record, so they cannot race with a running world. The idea is porcupine's: check a history, not a system.
// All instants are offsets from the start of the world.
package record

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/bound"
)

// Record is one run.
type Record struct {
	// Manager is the number of the manager whose record it is, from 1 on. Others are the records of the other managers of the same world; only the first
	// manager's record has them. Closings are the times in which other managers closed.
	Manager  int
	Others   []*Record
	Closings []Closing
	Timing   bound.Timing
	Clusters []Cluster
	// Kinds are the kinds of facts that the manager shows.
	Kinds []Kind
	// Prefixes is how many prefixes of keys the facts follow from. Streams is how many watches of one key the manager says that it keeps open at
	// once; zero if it does not say.
	Prefixes, Streams int
	// Outlives says that the manager goes on after its Close, so that nobody has looked for what it has in the clusters then.
	Outlives bool
	// Things are the prefixes of the keys of those who want to own things, one prefix for each thing that a manager can own.
	Things []string
	// ManagerStart is when the manager was first given its clusters, ManagerReady when its views were fresh and it was attached as the scenario
	// wanted, ManagerClose when its Close was called, and ManagerClosed when Close returned. They are negative if that never happened. The instants of a
	// schedule count from ManagerReady. End is when the world was closed.
	ManagerStart, ManagerReady, ManagerClose, ManagerClosed, End time.Duration

	Tenures []Tenure // each time in which the manager managed a cluster
	Commits []Commit // the ledger, in the order of the responses
	// Restores are the times at which a cluster was restored from a backup.
	Restores []Restore
	Views    []View        // each change of what the manager showed
	Errors   []ViewError   // each new error of a view
	Answers  []Answer      // each time that View did not answer as it must
	Faults   []Fault       // each fault with its time
	Joined   []Newcomer    // each member that joined a cluster
	Losses   []Loss        // each time in which a cluster could not commit, or the manager could not reach it, because of faults
	Rests    []Rest        // each time in which a cluster's load was stopped
	Watches  []Watch       // each watch of the manager, on the member that served it
	Leaders  []Leader      // each leader that a majority followed, and each time without one
	Beliefs  []Belief      // each change of what a member believes about itself
	Keys     []Keys        // each change of which keys are missing in a cluster
	Left     []Leftover    // what was still there although it should have been gone
	Notes    []Note        // notes of the scenario and the workload
	Checks   []Expectation // what the scenario required during the run

	Owned    []Ownership // each time in which the manager claimed to own something
	Holdings []Holding   // each key of an owner, or of somebody who waits to be one; only in the record of the first manager

	Healths     []Health     // each change of what the manager said of its own view
	Traffic     []Traffic    // what the manager's clients sent, by second
	Connections []Connection // each connection of the manager
	Broken      []Broken     // each promise of a watch that was not kept
}

// Cluster is a cluster's name and the names of all members that it ever had, in order. Gone are those that were removed.
type Cluster struct {
	Name          string
	Members, Gone []string
}

// Newcomer is a member that joined a cluster. Named is when the manager was first given the cluster with this member among the endpoints;
// negative if it never was.
type Newcomer struct {
	Cluster, Member string
	At, Named       time.Duration
}

// Tenure is a time in which the manager managed a cluster; To is negative while it lasts. If a cluster is removed from the manager and
// added again, a new tenure begins. Each tenure is judged by itself.
type Tenure struct {
	Cluster  string
	From, To time.Duration
}

// Kind is a kind of fact, as a workload declares it.
type Kind struct {
	Name string
	// Rising says that the values of a subject of this kind are decimal numbers that only rise. Such a subject is never deleted, and no key of it
	// is under a lease.
	Rising bool
	// Every is the largest number of load intervals between two updates of this kind in a cluster without faults. Zero: no limit.
	Every int
}

// Subject is one thing that has a value, such as one instance of a service. Its updates are followed.
type Subject struct {
	Kind string
	Name string
}

func (s Subject) String() string { return s.Kind + " " + s.Name }

// Compare orders subjects by kind, then by name.
func (s Subject) Compare(other Subject) int {
	return cmp.Or(strings.Compare(s.Kind, other.Kind), strings.Compare(s.Name, other.Name))
}

// Commit is one update that was truly committed. Begun is when its writer first tried, and At when the writer had the response; the commit
// itself was between the two. Revision is zero if it is not known. An empty Value means that the subject was deleted.
//
// After a cluster was restored from a backup, what was committed after the backup is undone, and revisions are given a second time. So each restore
// begins a new history of the cluster. It begins with a commit of every subject, with the value that the backup has.
type Commit struct {
	Begun    time.Duration
	At       time.Duration
	Cluster  string
	Subject  Subject
	Value    string
	Revision int64
	// History is how often the cluster had been restored before. Revisions of different histories cannot be compared.
	History int
	// Restored says that the backup has this value. Its Revision is that of the backup.
	Restored bool
}

// Restore is a time at which a cluster was restored from a backup: none of its members ran, and the next to start has the data of the backup. Revision is
// the backup's.
type Restore struct {
	Cluster  string
	At       time.Duration
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

// View is a change of what the manager showed of a cluster. Absent says that the manager answered that it does not manage the cluster.
type View struct {
	At       time.Duration
	Cluster  string
	Revision int64
	Changes  []Change // sorted by subject
	Absent   bool
}

// Health is a change of what the manager said of its own view of a cluster. In a new tenure it has said nothing yet.
type Health struct {
	At      time.Duration
	Cluster string
	Claim   Claim
}

// Claim is what a manager says of its own view.
type Claim string

// The claims. A manager that does not know says nothing.
const (
	ClaimsNothing   Claim = ""
	ClaimsUpToDate  Claim = "up to date"
	ClaimsOutOfDate Claim = "out of date"
)

// ViewError is a new error of a view. If the error reports an idle timeout, Idle is the timeout that it names; else zero.
type ViewError struct {
	At      time.Duration
	Cluster string
	Text    string
	Idle    time.Duration
}

// Answer is a call of the manager that did not answer as it must: it panicked, took too long, or has not returned. Unseen says that the call
// returned no view.
type Answer struct {
	At      time.Duration
	Cluster string
	Problem string
	Unseen  bool
}

// Fault is a fault and its time; To is negative while it lasts.
type Fault struct {
	Text      string // the fault as an expression that fault.Parse reads
	Scope     Scope
	Allowance Allowance
	From, To  time.Duration
}

// Scope is what a fault affects in one cluster. All members are names.
type Scope struct {
	Cluster string
	// Members are all members that it affects in any way.
	Members []string
	// Crippled are the members that cannot take part in a quorum while it lasts.
	Crippled []string
	// Cut are the pairs of members, from and to, between which it stops raft traffic in that direction.
	Cut [][2]string
	// Unreachable are the members that clients cannot count on reaching.
	Unreachable []string
	// Uninformed are the members that send clients no updates, or so late that a manager must leave them: they apply no entries, or withhold
	// the events of watches.
	Uninformed []string
	// Stranded are the members whose client connections were made half-open: a watch that is open when the fault begins stays open at the member,
	// whatever the manager does.
	Stranded []string
	// Closed says that no new connection to any member can be made. Connections that are open go on.
	Closed bool
	// Manager is the number of the only manager that it affects. Zero: it affects all.
	Manager int
	// Misleading says that the member list names addresses at which nobody listens. A manager that reads the list may try them until it has read a
	// right one, see [bound.Bounds.Discovered].
	Misleading bool
	// Revokes says that leases which have not expired may be gone because of it.
	Revokes bool
	// ReadOnly says that the cluster refuses writes. Reads and watches go on.
	ReadOnly bool
	// Stuck are those that apply nothing, so that no write can be answered there.
	Stuck []string
	// Late is how much later than it was sent everything may arrive that Members tell clients.
	Late time.Duration
	// Round is how much longer the members may take to agree on the answer to a linearizable read, see [bound.Bounds.ReadRound].
	Round time.Duration
	// Silenced are the members whose responses on watches, progress included, may not reach the manager.
	Silenced []string
	// Unasked are the members that receive no progress requests, so that a watch on them without events is silent. What they send arrives.
	Unasked []string
	// Withheld are the members whose watch events it holds back or drops, so that a watch on them does not keep its promises.
	Withheld []string
	// Lagging are the members that may fall behind what the cluster has committed. etcd sends nothing on a watch that begins past the
	// revision that its member has reached.
	Lagging []string
}

// Allowance is how stale a view may be because of a fault.
type Allowance struct {
	// Name is the name of the bound.
	Name string
	// Recovery is how long the view may take to be fresh again. It counts anew from each change of circumstances while the fault is in
	// force, and from its heal.
	Recovery time.Duration
	// Lasting is how much staler than calm the view may be while the fault is in force.
	Lasting time.Duration
}

// Promised is the name of an allowance that is what the manager promised, and not a bound.
const Promised = "promised"

// Loss is a time in which a cluster could not serve the manager because of faults; To is negative while it lasts.
type Loss struct {
	Cluster  string
	Of       Lost
	From, To time.Duration
}

// Lost is what was lost.
type Lost string

const (
	// LostQuorum says that no majority of the members could work together and answer for it.
	LostQuorum Lost = "quorum"
	// LostReach says that the manager could reach no member of such a majority that it can know of and that had news for it in time.
	LostReach Lost = "reach"
	// LostWrites says that the cluster refused writes, while reads and watches went on.
	LostWrites Lost = "writes"
)

// Rest is a time in which the scenario had stopped a cluster's load; To is negative while it lasts.
type Rest struct {
	Cluster  string
	From, To time.Duration
}

// OfThing says whether a watch is of a key of those who want to own a thing. Such a watch waits for an owner, and no fact follows from it.
func (r *Record) OfThing(w Watch) bool {
	return slices.ContainsFunc(r.Things, func(prefix string) bool { return strings.HasPrefix(w.Key, prefix) })
}

// Watch is one watch of the manager, as the member that serves it sees it. Closed is negative while the watch is open.
type Watch struct {
	ID      int
	Cluster string
	Member  string
	Key     string
	Opened  time.Duration
	Closed  time.Duration
	// Ahead says that the watch began past the revision that its member had reached. etcd sends nothing on such a watch, progress
	// included, until the member has caught up.
	Ahead bool
	// Last is when the member last sent something on it. Silences are the earlier gaps between two answers that were
	// longer than half the idle timeout.
	Last     time.Duration
	Silences []Silence
}

// Silence is a gap between two answers on a watch.
type Silence struct{ From, To time.Duration }

// Leader is the member that a majority followed from At on. An empty Member means that there was none.
type Leader struct {
	At      time.Duration
	Cluster string
	Member  string
	Term    uint64
}

// Belief is what a member believes about itself from At on: whether it leads, in which term. Down says that it does not run.
type Belief struct {
	At      time.Duration
	Cluster string
	Member  string
	Leads   bool
	Down    bool
	Term    uint64
}

// Keys are the keys that were missing in a cluster from At on: in Missing the manager's own, and in Foreign keys of others, which the manager
// must not touch. Own is how many keys of its own the manager said that it keeps there.
type Keys struct {
	At               time.Duration
	Cluster          string
	Own              int
	Missing, Foreign []string
}

// Leftover is something that was still there after the manager's Close or a cluster's removal.
type Leftover struct {
	At    time.Duration
	After string // the event after which it should have been gone
	What  string
}

// Note is a line for the transcript.
type Note struct {
	At   time.Duration
	Text string
}

// Expectation is something that the scenario required, with its verdict. Fresh says that it required a view to be fresh.
type Expectation struct {
	Verdict
	At      time.Duration
	Cluster string
	Fresh   bool
	// Took and Bound are how long a recovery took and may take. They are set for recoveries only. Took is negative if the view was not fresh
	// again in time.
	Took, Bound time.Duration
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

// Kind finds one of the kinds that the manager shows by name.
func (r *Record) Kind(name string) (Kind, bool) {
	for _, k := range r.Kinds {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Until is the end of a tenure, the end of the record, or the call of the manager's Close, whichever is first.
func (r *Record) Until(t Tenure) time.Duration {
	until := r.Ended(t.To)
	if r.ManagerClose >= 0 {
		until = min(until, r.ManagerClose)
	}
	return until
}

// TenureAt finds the tenure of a cluster at an instant; if one ends and another begins at that instant, the later one.
func (r *Record) TenureAt(cluster string, at time.Duration) (Tenure, bool) {
	for _, t := range slices.Backward(r.Tenures) {
		if t.Cluster == cluster && t.From <= at && at <= r.Until(t) {
			return t, true
		}
	}
	return Tenure{}, false
}

// Unseen says whether there was a call of View in a tenure that returned no view, because it panicked or did not return.
func (r *Record) Unseen(t Tenure) bool {
	for _, a := range r.Answers {
		if a.Unseen && a.Cluster == t.Cluster && t.From <= a.At && a.At <= r.Until(t) {
			return true
		}
	}
	return false
}

// Ended returns to, the end of something on record, or the end of the record if to is negative.
func (r *Record) Ended(to time.Duration) time.Duration {
	if to < 0 {
		return r.End
	}
	return to
}
