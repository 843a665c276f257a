package record

import (
	"slices"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness/bound"
)

// Recorder fills a Record while a world lives. Its methods may be called from anywhere at any time; none of them blocks on
// anything but each other.
type Recorder struct {
	start time.Time

	mu   sync.Mutex
	r    Record
	shut bool
	live map[string]*series // each cluster's staleness as it stands
}

// NewRecorder starts a record; its instants count from now.
func NewRecorder(t bound.Timing) *Recorder {
	return &Recorder{start: time.Now(), live: map[string]*series{}, r: Record{Timing: t, ManagerStart: -1, ManagerClose: -1, ManagerClosed: -1}}
}

// Empty is the record of a world that never began.
func Empty() *Record { return NewRecorder(bound.Timing{}).Finish() }

// Now is the instant that something happening now is recorded with.
func (r *Recorder) Now() time.Duration { return time.Since(r.start) }

// do changes the record, unless it was finished already.
func (r *Recorder) do(change func(at time.Duration, rec *Record)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.shut {
		change(time.Since(r.start), &r.r)
	}
}

// Cluster adds a cluster.
func (r *Recorder) Cluster(name string, members []string) {
	r.do(func(_ time.Duration, rec *Record) {
		rec.Clusters = append(rec.Clusters, Cluster{Name: name, Members: slices.Clone(members)})
	})
}

// Joined adds a member to a cluster, Departed takes one out.
func (r *Recorder) Joined(cluster, member string) {
	r.membership(cluster, func(c *Cluster) { c.Members = append(c.Members, member) })
}

// Departed: see Joined.
func (r *Recorder) Departed(cluster, member string) {
	r.membership(cluster, func(c *Cluster) { c.Gone = append(c.Gone, member) })
}

func (r *Recorder) membership(cluster string, change func(*Cluster)) {
	r.do(func(at time.Duration, rec *Record) {
		for i := range rec.Clusters {
			if c := &rec.Clusters[i]; c.Name == cluster {
				change(c)
			}
		}
		rec.noteQuorum(at)
	})
}

// Commit is the ledger's entry: c was begun at c.Begun and committed, its writer just had the answer.
func (r *Recorder) Commit(c Commit) {
	r.do(func(at time.Duration, rec *Record) {
		c.At = at
		rec.Commits = append(rec.Commits, c)
		r.series(c.Cluster).commit(c)
	})
}

// View notes a change of what the manager shows.
func (r *Recorder) View(v View) {
	r.do(func(at time.Duration, rec *Record) {
		v.At = at
		rec.Views = append(rec.Views, v)
		r.series(v.Cluster).see(v.Changes)
	})
}

func (r *Recorder) series(cluster string) *series {
	s, ok := r.live[cluster]
	if !ok {
		s = newSeries(0)
		r.live[cluster] = s
	}
	return s
}

// Fresh says whether the manager shows an update of the cluster that was begun after since, and nothing that it does not show is
// older than tolerance.
func (r *Recorder) Fresh(cluster string, since, tolerance time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.series(cluster)
	oldest, pending := s.oldest()
	return s.newest > since && (!pending || time.Since(r.start)-oldest.At <= tolerance)
}

// CommitAfter is when the first update of the cluster that was begun after since was committed, if one was.
func (r *Recorder) CommitAfter(cluster string, since time.Duration) (at time.Duration, ok bool) {
	r.Look(func(rec *Record) {
		for i := len(rec.Commits) - 1; i >= 0 && rec.Commits[i].At > since; i-- {
			if c := rec.Commits[i]; c.Cluster == cluster && c.Begun > since {
				at, ok = c.At, true
			}
		}
	})
	return at, ok
}

// Complete says whether the manager shows every update of the cluster.
func (r *Recorder) Complete(cluster string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, pending := r.series(cluster).oldest()
	return !pending
}

// Error notes a new error of a view.
func (r *Recorder) Error(e ViewError) {
	r.do(func(at time.Duration, rec *Record) {
		e.At = at
		rec.Errors = append(rec.Errors, e)
	})
}

// Fault notes that a fault began and returns the function that notes its end.
func (r *Recorder) Fault(text string, s Scope) (healed func()) {
	i := -1
	r.do(func(at time.Duration, rec *Record) {
		i = len(rec.Faults)
		rec.Faults = append(rec.Faults, Fault{Text: text, Scope: s, From: at, To: -1})
		rec.noteQuorum(at)
	})
	return func() {
		r.do(func(at time.Duration, rec *Record) {
			if i >= 0 && rec.Faults[i].To < 0 {
				rec.Faults[i].To = at
				rec.noteQuorum(at)
			}
		})
	}
}

// Watch notes a watch that a member began to serve.
func (r *Recorder) Watch(cluster, member, key string) *OpenWatch {
	w := &OpenWatch{recorder: r, index: -1}
	r.do(func(at time.Duration, rec *Record) {
		w.index = len(rec.Watches)
		rec.Watches = append(rec.Watches, Watch{
			ID: w.index + 1, Cluster: cluster, Member: member, Key: key, Opened: at, Closed: -1, Last: at,
		})
	})
	return w
}

// OpenWatch is a watch being served.
type OpenWatch struct {
	recorder *Recorder
	index    int
}

// Sent notes that the member sent something on the watch.
func (w *OpenWatch) Sent() {
	w.change(func(at time.Duration, rec *Record, watch *Watch) {
		if at-watch.Last > rec.Timing.IdleTimeout/2 {
			watch.Silences = append(watch.Silences, Silence{From: watch.Last, To: at})
		}
		watch.Last = at
	})
}

// Close notes the watch's end.
func (w *OpenWatch) Close() {
	w.change(func(at time.Duration, _ *Record, watch *Watch) {
		if watch.Closed < 0 {
			watch.Closed = at
		}
	})
}

func (w *OpenWatch) change(f func(time.Duration, *Record, *Watch)) {
	w.recorder.do(func(at time.Duration, rec *Record) {
		if w.index >= 0 {
			f(at, rec, &rec.Watches[w.index])
		}
	})
}

// Leader notes the member a majority follows from now on; empty if there is none.
func (r *Recorder) Leader(cluster, member string, term uint64) {
	r.do(func(at time.Duration, rec *Record) {
		rec.Leaders = append(rec.Leaders, Leader{At: at, Cluster: cluster, Member: member, Term: term})
	})
}

// Belief notes what a member thinks of itself from now on.
func (r *Recorder) Belief(b Belief) {
	r.do(func(at time.Duration, rec *Record) {
		b.At = at
		rec.Beliefs = append(rec.Beliefs, b)
	})
}

// Keys notes what is missing of the keys that must stand in a cluster.
func (r *Recorder) Keys(k Keys) {
	r.do(func(at time.Duration, rec *Record) {
		k.At = at
		rec.Keys = append(rec.Keys, k)
	})
}

// Left notes something that outlived what should have taken it away.
func (r *Recorder) Left(after, what string) {
	r.do(func(at time.Duration, rec *Record) {
		rec.Left = append(rec.Left, Leftover{At: at, After: after, What: what})
	})
}

// Note adds a line to the transcript.
func (r *Recorder) Note(text string) {
	r.do(func(at time.Duration, rec *Record) { rec.Notes = append(rec.Notes, Note{At: at, Text: text}) })
}

// Check notes something the scenario required.
func (r *Recorder) Check(e Expectation) {
	r.do(func(at time.Duration, rec *Record) {
		e.At = at
		rec.Checks = append(rec.Checks, e)
	})
}

// ManagerStarted, ManagerClosing and ManagerClosed note the three instants of a manager's life.
func (r *Recorder) ManagerStarted() {
	r.do(func(at time.Duration, rec *Record) { rec.ManagerStart = at })
}

// ManagerClosing: see ManagerStarted.
func (r *Recorder) ManagerClosing() {
	r.do(func(at time.Duration, rec *Record) { rec.ManagerClose = at })
}

// ManagerClosed: see ManagerStarted.
func (r *Recorder) ManagerClosed() {
	r.do(func(at time.Duration, rec *Record) { rec.ManagerClosed = at })
}

// Added notes that the manager was given a cluster after its start, for the first time or again.
func (r *Recorder) Added(cluster string) {
	r.do(func(at time.Duration, rec *Record) {
		for i := range rec.Clusters {
			if rec.Clusters[i].Name == cluster {
				rec.Clusters[i].Since, rec.Clusters[i].Until = at, 0
			}
		}
	})
}

// Removed notes that the manager was told to let go of a cluster.
func (r *Recorder) Removed(cluster string) {
	r.do(func(at time.Duration, rec *Record) {
		for i := range rec.Clusters {
			if rec.Clusters[i].Name == cluster {
				rec.Clusters[i].Until = at
			}
		}
	})
}

// Look calls f with the record as it stands; f must not keep it or anything in it.
func (r *Recorder) Look(f func(*Record)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.shut {
		r.r.End = time.Since(r.start)
	}
	f(&r.r)
}

// Finish ends the record and hands it out. What is noted later is lost.
func (r *Recorder) Finish() *Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.shut {
		r.shut = true
		r.r.End = time.Since(r.start)
		for i := range r.r.Quorum {
			if r.r.Quorum[i].To < 0 {
				r.r.Quorum[i].To = r.r.End
			}
		}
	}
	return &r.r
}
