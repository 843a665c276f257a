package record

import (
	"slices"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness/bound"
)

// Recorder fills a Record while a world runs. It is safe for concurrent use, and its methods return at once.
type Recorder struct {
	start time.Time

	mu       sync.Mutex // guards the fields below
	r        Record
	finished bool
	live     map[string]*series // by cluster, the staleness of its latest tenure up to now
	traffic  map[string]int     // by cluster, the index of its latest second with traffic
	forks    []*Recorder        // those of the other managers
	aimed    map[int]Fault      // by their index, the faults that are aimed at one manager
}

// NewRecorder starts a record. Its instants count from now.
func NewRecorder(t bound.Timing) *Recorder {
	return &Recorder{
		start: time.Now(), live: map[string]*series{}, traffic: map[string]int{}, aimed: map[int]Fault{},
		r: Record{Manager: 1, Timing: t, ManagerStart: -1, ManagerReady: -1, ManagerClose: -1, ManagerClosed: -1},
	}
}

// Empty is the record of a world that never started.
func Empty() *Record { return NewRecorder(bound.Timing{}).Finish() }

// Now is the current instant, as events are recorded with it.
func (r *Recorder) Now() time.Duration { return time.Since(r.start) }

// do changes the record, unless it is finished.
func (r *Recorder) do(change func(at time.Duration, rec *Record)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.finished {
		change(time.Since(r.start), &r.r)
	}
}

// Cluster adds a cluster.
func (r *Recorder) Cluster(name string, members []string) {
	r.all(func(_ time.Duration, r *Recorder) {
		r.r.Clusters = append(r.r.Clusters, Cluster{Name: name, Members: slices.Clone(members)})
	})
}

// Joined records that a member was added to a cluster.
func (r *Recorder) Joined(cluster, member string) {
	r.membership(cluster, func(at time.Duration, rec *Record, c *Cluster) {
		c.Members = append(c.Members, member)
		rec.Joined = append(rec.Joined, Newcomer{Cluster: cluster, Member: member, At: at, Named: -1})
	})
}

// Named records that the manager was given a cluster with this member among the endpoints.
func (r *Recorder) Named(cluster, member string) {
	r.do(func(at time.Duration, rec *Record) {
		for i := range rec.Joined {
			if n := &rec.Joined[i]; n.Cluster == cluster && n.Member == member && n.Named < 0 {
				n.Named = at
				rec.noteLosses(at)
			}
		}
	})
}

// Departed records that a member was removed from a cluster.
func (r *Recorder) Departed(cluster, member string) {
	r.membership(cluster, func(_ time.Duration, _ *Record, c *Cluster) { c.Gone = append(c.Gone, member) })
}

func (r *Recorder) membership(cluster string, change func(at time.Duration, rec *Record, c *Cluster)) {
	r.all(func(at time.Duration, r *Recorder) {
		rec := &r.r
		for i := range rec.Clusters {
			if c := &rec.Clusters[i]; c.Name == cluster {
				change(at, rec, c)
			}
		}
		// etcd's raft loop waits until the change is applied, see QuorumAfter.
		for i := range rec.Faults {
			if f := &rec.Faults[i]; f.To < 0 && f.Scope.Cluster == cluster {
				for _, m := range f.Scope.Stuck {
					if !slices.Contains(f.Scope.Crippled, m) {
						f.Scope.Crippled = append(f.Scope.Crippled, m)
					}
				}
			}
		}
		rec.noteLosses(at)
	})
}

// Kinds sets which kinds of facts the manager shows. Commits of other kinds are not recorded.
func (r *Recorder) Kinds(kinds []Kind) {
	r.do(func(_ time.Duration, rec *Record) { rec.Kinds = kinds })
}

// Watching sets Record.Prefixes, Record.Streams and Record.Things.
func (r *Recorder) Watching(prefixes, streams int, things []string) {
	r.do(func(_ time.Duration, rec *Record) { rec.Prefixes, rec.Streams, rec.Things = prefixes, streams, things })
}

// Commit records the updates of one transaction whose writer has just received the response. The caller sets Begun; Commit sets At.
func (r *Recorder) Commit(commits ...Commit) {
	r.all(func(at time.Duration, r *Recorder) {
		for _, c := range commits {
			if _, shown := r.r.Kind(c.Subject.Kind); !shown {
				continue
			}
			r.commit(at, c)
		}
	})
}

func (r *Recorder) commit(at time.Duration, c Commit) {
	c.At, c.History = at, r.r.History(c.Cluster, at)
	r.r.Commits = append(r.r.Commits, c)
	r.series(c.Cluster).commit(c)
}

// Restored records that a cluster was restored from a backup with a revision and facts: every subject has the value of the backup again. undone are the
// writes that may have been committed before and are not on record.
func (r *Recorder) Restored(cluster string, revision int64, facts map[Subject]string, undone ...Commit) {
	r.Commit(undone...)
	r.all(func(at time.Duration, r *Recorder) {
		rec := &r.r
		rec.Restores = append(rec.Restores, Restore{Cluster: cluster, At: at, Revision: revision})
		for _, s := range rec.subjects(cluster, facts) {
			r.commit(at, Commit{Begun: at, Cluster: cluster, Subject: s, Value: facts[s], Revision: revision, Restored: true})
		}
	})
}

// View records a change of what the manager shows.
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

// Fresh says whether the manager shows an update of the cluster that began after since, and every update that it does not show was
// committed at most tolerance ago.
func (r *Recorder) Fresh(cluster string, since, tolerance time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.series(cluster)
	oldest, pending := s.oldest()
	return s.newest > since && (!pending || time.Since(r.start)-oldest.At <= tolerance)
}

// CommitAfter is when the first update of the cluster that began after since was committed. ok is false if there is none yet.
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

// Health records what the manager says of its view from now on.
func (r *Recorder) Health(h Health) {
	r.do(func(at time.Duration, rec *Record) {
		h.At = at
		rec.Healths = append(rec.Healths, h)
	})
}

// Error records a new error of a view.
func (r *Recorder) Error(e ViewError) {
	r.do(func(at time.Duration, rec *Record) {
		e.At = at
		rec.Errors = append(rec.Errors, e)
	})
}

// Answer records that the manager did not answer as it must.
func (r *Recorder) Answer(a Answer) {
	r.do(func(at time.Duration, rec *Record) {
		a.At = at
		rec.Answers = append(rec.Answers, a)
	})
}

// Fault records that a fault began. It returns a function that records the fault's end; further calls of the function do nothing.
func (r *Recorder) Fault(f Fault) (healed func()) {
	i := -1
	r.all(func(at time.Duration, r *Recorder) {
		i = len(r.r.Faults) // the same for all managers
		if f.Scope.Manager != 0 {
			r.aimed[i] = f
		}
		f.From, f.To = at, -1
		r.r.Faults = append(r.r.Faults, f.forManager(r.r.Manager))
		r.r.noteLosses(at)
	})
	return func() {
		r.all(func(at time.Duration, r *Recorder) {
			if i >= 0 && r.r.Faults[i].To < 0 {
				r.r.Faults[i].To = at
				r.r.noteLosses(at)
			}
		})
	}
}

// Rest records that a cluster's load was stopped. It returns a function that records that the load goes on.
func (r *Recorder) Rest(cluster string) (over func()) {
	i := -1
	r.all(func(at time.Duration, r *Recorder) {
		i = len(r.r.Rests) // the same for all managers
		r.r.Rests = append(r.r.Rests, Rest{Cluster: cluster, From: at, To: -1})
	})
	return func() {
		r.all(func(at time.Duration, r *Recorder) {
			if i >= 0 && r.r.Rests[i].To < 0 {
				r.r.Rests[i].To = at
			}
		})
	}
}

// Watch records that a member began to serve a watch. ahead says that the watch begins past the revision that the member has reached.
func (r *Recorder) Watch(cluster, member, key string, ahead bool) *OpenWatch {
	w := &OpenWatch{recorder: r, index: -1}
	r.do(func(at time.Duration, rec *Record) {
		w.index = len(rec.Watches)
		rec.Watches = append(rec.Watches, Watch{
			ID: w.index + 1, Cluster: cluster, Member: member, Key: key, Opened: at, Closed: -1, Ahead: ahead, Last: at,
		})
	})
	return w
}

// OpenWatch is a recorded watch that a member serves.
type OpenWatch struct {
	recorder *Recorder
	index    int
}

// Sent records that the member sent a response on the watch.
func (w *OpenWatch) Sent() {
	w.change(func(at time.Duration, rec *Record, watch *Watch) {
		if idle := rec.Timing.IdleTimeout; idle > 0 && at-watch.Last > idle/2 {
			watch.Silences = append(watch.Silences, Silence{From: watch.Last, To: at})
		}
		watch.Last = at
	})
}

// Close records the end of the watch.
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

// Leader records which member a majority follows from now on; an empty member means none.
func (r *Recorder) Leader(cluster, member string, term uint64) {
	r.all(func(at time.Duration, r *Recorder) {
		r.r.Leaders = append(r.r.Leaders, Leader{At: at, Cluster: cluster, Member: member, Term: term})
	})
}

// Belief records what a member believes about itself from now on.
func (r *Recorder) Belief(b Belief) {
	r.all(func(at time.Duration, r *Recorder) {
		b.At = at
		r.r.Beliefs = append(r.r.Beliefs, b)
	})
}

// Keys records which keys are missing in a cluster from now on.
func (r *Recorder) Keys(k Keys) {
	r.do(func(at time.Duration, rec *Record) {
		k.At = at
		rec.Keys = append(rec.Keys, k)
	})
}

// Left records that something was still there after the event that should have ended it.
func (r *Recorder) Left(after, what string) {
	r.do(func(at time.Duration, rec *Record) {
		rec.Left = append(rec.Left, Leftover{At: at, After: after, What: what})
	})
}

// Note adds a line to the transcript.
func (r *Recorder) Note(text string) {
	r.do(func(at time.Duration, rec *Record) { rec.Notes = append(rec.Notes, Note{At: at, Text: text}) })
}

// Check records something that the scenario required, with its verdict.
func (r *Recorder) Check(e Expectation) {
	r.do(func(at time.Duration, rec *Record) {
		e.At = at
		rec.Checks = append(rec.Checks, e)
	})
}

// ManagerStarted records that the manager was first given its clusters.
func (r *Recorder) ManagerStarted() {
	r.do(func(at time.Duration, rec *Record) { rec.ManagerStart = at })
}

// ManagerReady records that the manager's views are fresh, and that it is attached as the scenario wanted.
func (r *Recorder) ManagerReady() {
	r.do(func(at time.Duration, rec *Record) { rec.ManagerReady = at })
}

// ManagerClosing records that the manager's Close was called.
func (r *Recorder) ManagerClosing() {
	r.do(func(at time.Duration, rec *Record) { rec.ManagerClose = at })
}

// ManagerClosed records that the manager's Close returned.
func (r *Recorder) ManagerClosed() {
	r.do(func(at time.Duration, rec *Record) { rec.ManagerClosed = at })
}

// OutlivesRun records that the manager goes on after its Close.
func (r *Recorder) OutlivesRun() {
	r.do(func(_ time.Duration, rec *Record) { rec.Outlives = true })
}

// Given records that the manager was given a cluster, for the first time or again. A tenure begins, in which the manager shows nothing yet.
func (r *Recorder) Given(cluster string) {
	r.do(func(at time.Duration, rec *Record) {
		rec.Tenures = append(rec.Tenures, Tenure{Cluster: cluster, From: at, To: -1})
		s := newSeries(at)
		for _, c := range rec.Commits {
			if c.Cluster == cluster {
				s.commit(c)
			}
		}
		r.live[cluster] = s
	})
}

// Taken records that the cluster was removed from the manager's set. Its tenure ends.
func (r *Recorder) Taken(cluster string) {
	r.do(func(at time.Duration, rec *Record) {
		for i := range rec.Tenures {
			if t := &rec.Tenures[i]; t.Cluster == cluster && t.To < 0 {
				t.To = at
			}
		}
	})
}

// Refused records that the manager did not accept the clusters that it was given since an instant. Their tenures are deleted, and all earlier
// ones end.
func (r *Recorder) Refused(since time.Duration) {
	r.do(func(at time.Duration, rec *Record) {
		rec.Tenures = slices.DeleteFunc(rec.Tenures, func(t Tenure) bool { return t.To < 0 && t.From >= since })
		for i := range rec.Tenures {
			if t := &rec.Tenures[i]; t.To < 0 {
				t.To = at
			}
		}
	})
}

// Look calls f with the record so far. f must not change the record or keep references to it.
func (r *Recorder) Look(f func(*Record)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.finished {
		r.r.End = time.Since(r.start)
	}
	f(&r.r)
}

// Copy returns a copy of the record up to now, without those of the other managers. What is recorded later does not change it.
func (r *Recorder) Copy() *Record {
	var c Record
	r.Look(func(r *Record) {
		c = *r
		c.Others = nil
		c.Closings, c.Clusters, c.Kinds, c.Things = slices.Clone(r.Closings), slices.Clone(r.Clusters), slices.Clone(r.Kinds), slices.Clone(r.Things)
		c.Tenures, c.Commits, c.Restores, c.Views = slices.Clone(r.Tenures), slices.Clone(r.Commits), slices.Clone(r.Restores), slices.Clone(r.Views)
		c.Errors, c.Answers, c.Faults, c.Joined = slices.Clone(r.Errors), slices.Clone(r.Answers), slices.Clone(r.Faults), slices.Clone(r.Joined)
		c.Losses, c.Rests, c.Watches, c.Leaders = slices.Clone(r.Losses), slices.Clone(r.Rests), slices.Clone(r.Watches), slices.Clone(r.Leaders)
		c.Beliefs, c.Keys, c.Left, c.Notes = slices.Clone(r.Beliefs), slices.Clone(r.Keys), slices.Clone(r.Left), slices.Clone(r.Notes)
		c.Checks, c.Owned, c.Holdings = slices.Clone(r.Checks), slices.Clone(r.Owned), slices.Clone(r.Holdings)
		c.Healths, c.Traffic, c.Connections, c.Broken = slices.Clone(r.Healths), slices.Clone(r.Traffic), slices.Clone(r.Connections), slices.Clone(r.Broken)
		for i := range c.Clusters {
			c.Clusters[i].Members, c.Clusters[i].Gone = slices.Clone(c.Clusters[i].Members), slices.Clone(c.Clusters[i].Gone)
		}
	})
	return &c
}

// Finish ends the record and returns it, with the records of the other managers. Later events are not recorded.
func (r *Recorder) Finish() *Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.finished {
		r.finished = true
		r.r.End = time.Since(r.start)
		for i := range r.r.Losses {
			if r.r.Losses[i].To < 0 {
				r.r.Losses[i].To = r.r.End
			}
		}
		if len(r.forks) > 0 {
			r.finishForks()
		}
	}
	return &r.r
}
