package manager

import (
	"errors"
	"sync"
	"sync/atomic"
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
}

// standing is where one watch stands.
type standing struct {
	// revision up to which its part of the view is complete; zero until its first snapshot.
	revision int64
	// seat is the endpoint it sits on; empty while it sits nowhere.
	seat string
}

func newBoard() *board {
	b := &board{}
	b.view.Store(&View{Backends: map[string]Backend{}, Checkpoints: map[string]uint64{}, Err: ErrPending})
	return b
}

// publish replaces one watch's standing and its part of the view, and the last error unless err is nil. The field
// is one of the board's own standings.
func (b *board) publish(field *standing, now standing, clusterID uint64, part content, err error) {
	b.mu.Lock()
	*field = now
	if clusterID != 0 {
		b.clusterID = clusterID
	}
	next := *b.view.Load()
	part.show(&next)
	next.Revision = min(b.topology.revision, b.backup.revision)
	next.Healthy = b.topology.seat != "" && b.backup.seat != ""
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

// mayReplace reports whether a reader can go from old's view to b's without going back in time: b is healthy and
// each of its watches knows at least as much. Between different clusters revisions mean nothing, and b's being
// healthy is enough.
func (b *board) mayReplace(old *board) bool {
	b.mu.Lock()
	id, topology, backup := b.clusterID, b.topology, b.backup
	b.mu.Unlock()
	old.mu.Lock()
	defer old.mu.Unlock()
	if topology.seat == "" || backup.seat == "" {
		return false
	}
	return id != old.clusterID ||
		(topology.revision >= old.topology.revision && backup.revision >= old.backup.revision)
}
