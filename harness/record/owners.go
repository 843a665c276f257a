package record

import "time"

// Ownership is a time in which a manager claimed to own a thing, for example a lock: from the first instant to the last at which it was seen to
// claim it. To is negative while it claims it.
type Ownership struct {
	Cluster string
	Thing   Subject
	// Key is the manager's key that makes it the owner, Lease the lease under which the key is.
	Key   string
	Lease int64
	From  time.Duration
	To    time.Duration
	// Until is the last instant for which the manager claims the thing unless it hears from the cluster again. Negative: it names none.
	Until time.Duration
}

// OwnedUntil is the end of a claim: the last instant at which it was seen, or its Until, whichever is first.
func (r *Record) OwnedUntil(o Ownership) time.Duration {
	to := r.Ended(o.To)
	if o.To < 0 && r.ManagerClose >= 0 {
		to = min(to, r.ManagerClose)
	}
	if o.Until >= 0 {
		to = max(o.From, min(to, o.Until))
	}
	return to
}

// Holding is a time in which a key of somebody who wants to own a thing stood in a cluster, as the harness read it from the member that had applied
// most. To is negative while it stands.
type Holding struct {
	Cluster string
	Key     string
	Lease   int64
	From    time.Duration
	To      time.Duration
	// Created is the revision at which the key was created. Gone is a revision at which it no longer stood, and Member the member that showed it.
	Created, Gone int64
	Member        string
}

// Owns records that the manager claims a thing from now on. The caller sets all fields but From and To.
func (r *Recorder) Owns(o Ownership) *OpenOwnership {
	open := &OpenOwnership{recorder: r, index: -1}
	r.do(func(at time.Duration, rec *Record) {
		open.index = len(rec.Owned)
		o.From, o.To = at, -1
		rec.Owned = append(rec.Owned, o)
	})
	return open
}

// OpenOwnership is a recorded claim.
type OpenOwnership struct {
	recorder *Recorder
	index    int
}

// Until records for how long the manager claims the thing unless it hears from the cluster again; negative: it does not say.
func (o *OpenOwnership) Until(until time.Duration) {
	o.change(func(own *Ownership) { own.Until = until })
}

// End records that the claim was seen for the last time at an instant.
func (o *OpenOwnership) End(at time.Duration) {
	o.change(func(own *Ownership) { own.To = at })
}

func (o *OpenOwnership) change(f func(*Ownership)) {
	o.recorder.do(func(_ time.Duration, rec *Record) {
		if o.index >= 0 && rec.Owned[o.index].To < 0 {
			f(&rec.Owned[o.index])
		}
	})
}

// Held records that a key stands from now on. It returns a function that records that the key is gone. The caller sets all fields but From, To, Gone
// and Member.
func (r *Recorder) Held(h Holding) (gone func(member string, revision int64)) {
	i := -1
	r.do(func(at time.Duration, rec *Record) {
		i = len(rec.Holdings)
		h.From, h.To = at, -1
		rec.Holdings = append(rec.Holdings, h)
	})
	return func(member string, revision int64) {
		r.do(func(at time.Duration, rec *Record) {
			if i >= 0 && rec.Holdings[i].To < 0 {
				rec.Holdings[i].To, rec.Holdings[i].Gone, rec.Holdings[i].Member = at, revision, member
			}
		})
	}
}
