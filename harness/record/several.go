package record

import (
	"slices"
	"time"
)

// Fork makes the recorder of a further manager of the same world. What happens to the clusters is recorded for every manager, what a manager does
// only for itself. So the record of each manager can be judged as if it were alone. Fork is called on the recorder of the first manager, on which
// everything that happens to the clusters is recorded.
func (r *Recorder) Fork() *Recorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	number := len(r.forks) + 2
	f := &Recorder{start: r.start, live: map[string]*series{}, traffic: map[string]int{}, aimed: map[int]Fault{}, finished: r.finished}
	f.r = Record{
		Manager: number, Timing: r.r.Timing, Kinds: r.r.Kinds, Prefixes: r.r.Prefixes, Streams: r.r.Streams, Things: r.r.Things,
		ManagerStart: -1, ManagerReady: -1, ManagerClose: -1, ManagerClosed: -1,
		Commits: slices.Clone(r.r.Commits), Restores: slices.Clone(r.r.Restores), Rests: slices.Clone(r.r.Rests),
		Leaders: slices.Clone(r.r.Leaders), Beliefs: slices.Clone(r.r.Beliefs),
	}
	for _, c := range r.r.Clusters {
		f.r.Clusters = append(f.r.Clusters, Cluster{Name: c.Name, Members: slices.Clone(c.Members), Gone: slices.Clone(c.Gone)})
	}
	for _, j := range r.r.Joined {
		j.Named = -1
		f.r.Joined = append(f.r.Joined, j)
	}
	for i, fault := range r.r.Faults {
		if aimed, ok := r.aimed[i]; ok {
			fault.Scope, fault.Allowance = aimed.Scope, aimed.Allowance
		}
		f.r.Faults = append(f.r.Faults, fault.forManager(number))
	}
	for _, l := range r.r.Losses {
		if l.Of != LostReach { // which depends on the manager
			f.r.Losses = append(f.r.Losses, l)
		}
	}
	f.r.noteLosses(time.Since(r.start))
	r.forks = append(r.forks, f)
	return f
}

// Of is the recorder of a manager by its number, which begins at 1. It is the first manager's if there is none of that number.
func (r *Recorder) Of(manager int) *Recorder {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := manager - 2; i >= 0 && i < len(r.forks) {
		return r.forks[i]
	}
	return r
}

// all changes the records of all managers.
func (r *Recorder) all(change func(at time.Duration, r *Recorder)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.finished {
		return
	}
	at := time.Since(r.start)
	change(at, r)
	for _, f := range r.forks {
		f.mu.Lock()
		change(at, f)
		f.mu.Unlock()
	}
}

// finishForks ends the records of the other managers, and notes in each record when the others closed. The caller holds r.mu.
func (r *Recorder) finishForks() {
	for _, f := range r.forks {
		r.r.Others = append(r.r.Others, f.Finish())
	}
	records := append([]*Record{&r.r}, r.r.Others...)
	for _, one := range records {
		for _, other := range records {
			if other != one && other.ManagerClose >= 0 {
				one.Closings = append(one.Closings, Closing{Manager: other.Manager, From: other.ManagerClose, To: other.Ended(other.ManagerClosed)})
			}
		}
	}
}

// Closing is a time in which another manager closed.
type Closing struct {
	Manager  int
	From, To time.Duration
}

// forManager is the fault as it concerns a manager by its number: a fault that is aimed at another manager's connections is no fault of any cluster.
func (f Fault) forManager(manager int) Fault {
	f.Scope.Crippled = slices.Clip(f.Scope.Crippled) // so that the records do not append to the same array
	if f.Scope.Manager != 0 && f.Scope.Manager != manager {
		f.Scope, f.Allowance = Scope{Manager: f.Scope.Manager}, Allowance{}
	}
	return f
}
