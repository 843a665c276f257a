package manager

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// board is where the watches of a cluster publish what they know, and where View finds it ready made.
type board struct {
	// changed rings after every publication.
	changed bell
	view    atomic.Pointer[View]

	mu        sync.Mutex
	clusterID uint64
	topology  standing
	backup    standing
	keyspaces standing
	// watched are those standings that somebody keeps.
	watched []*standing
}

// standing is where one watch stands.
type standing struct {
	// revision up to which its part of the view is complete; zero until its first snapshot.
	revision int64
	// seat is the endpoint it sits on, the first of two if hedged; empty while it sits nowhere.
	seat string
	// proven is when its part of the view was last known to be complete; zero until its first snapshot.
	proven time.Time
}

func newBoard(keyspaces bool) *board {
	b := &board{}
	b.watched = []*standing{&b.topology, &b.backup}
	if keyspaces {
		b.watched = append(b.watched, &b.keyspaces)
	}
	b.view.Store(&View{Backends: map[string]Backend{}, Checkpoints: map[string]uint64{}, Err: ErrPending})
	return b
}

// publish replaces one watch's standing and its part of the view, and the last error unless err is nil. The field
// is one of the board's watched standings.
func (b *board) publish(field *standing, now standing, clusterID uint64, part content, err error) {
	b.mu.Lock()
	*field = now
	if clusterID != 0 {
		b.clusterID = clusterID
	}
	next := *b.view.Load()
	part.show(&next)
	next.Revision, next.Healthy = b.topology.revision, true
	for _, s := range b.watched {
		next.Revision = min(next.Revision, s.revision)
		next.Healthy = next.Healthy && s.seat != ""
	}
	next.Endpoint = b.topology.seat
	switch {
	case err != nil:
		next.Err = err
	case next.Healthy && errors.Is(next.Err, ErrPending):
		next.Err = nil
	}
	b.view.Store(&next)
	b.mu.Unlock()
	b.changed.ring()
}

// proven is when the whole view was last known to be complete; zero if it never was.
func (b *board) proven() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	proven := b.topology.proven
	for _, s := range b.watched {
		if s.proven.Before(proven) {
			proven = s.proven
		}
	}
	return proven
}

// backendsProven is when the backends were last known to be complete, as long as those who watch them sit
// somewhere; zero otherwise.
func (b *board) backendsProven() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	proven := b.topology.proven
	for _, s := range b.watched {
		switch {
		case s == &b.backup:
		case s.seat == "":
			return time.Time{}
		case s.proven.Before(proven):
			proven = s.proven
		}
	}
	return proven
}

// mayReplace reports whether a reader can go from old's view to b's without going back in time: b is healthy and
// each of its watches knows at least as much. Between different clusters revisions mean nothing, and b's being
// healthy is enough.
func (b *board) mayReplace(old *board) bool {
	b.mu.Lock()
	id, ready, own := b.clusterID, true, make([]standing, len(b.watched))
	for i, s := range b.watched {
		own[i] = *s
		ready = ready && s.seat != ""
	}
	b.mu.Unlock()
	if !ready {
		return false
	}
	old.mu.Lock()
	defer old.mu.Unlock()
	if id != old.clusterID {
		return true
	}
	for i, s := range old.watched {
		if own[i].revision < s.revision {
			return false
		}
	}
	return true
}
