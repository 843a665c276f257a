package embedded

import (
	"sync"

	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/storage/backend"

	"github.com/stormwatch/stormwatch/harness/point"
)

// applier delays or holds the entries that a member applies, at the point apply. etcd takes the lock of the backend's batch transaction to
// apply an entry. While the point is on, applier holds that lock for as long as the point says, and releases it for a moment in between.
// So an entry waits at most the delay, or as long as the hang lasts. Reads go on, as they do during a long compaction.
type applier struct {
	board *point.Board
	path  point.Path
	tx    backend.BatchTx
	held  heldLock
	done  chan struct{}
	ended sync.WaitGroup
}

// holdApply starts an applier for a server. It works until release is called.
func holdApply(b *point.Board, p point.Path, s *etcdserver.EtcdServer) *applier {
	a := &applier{board: b, path: p, tx: s.Backend().BatchTx(), done: make(chan struct{})}
	a.ended.Go(a.run)
	return a
}

// release stops the applier and blocks until it has released the lock.
func (a *applier) release() {
	close(a.done)
	a.ended.Wait()
}

func (a *applier) run() {
	for a.board.AwaitOn(a.done, a.path) == nil {
		decision := a.board.Decide(a.path)
		// We may win the mutex back once before Go hands it to the starving waiter, so an entry waits at most two holds.
		decision.Delay /= 2
		a.tx.LockOutsideApply()
		a.held.take()
		err := a.board.Hold(a.done, a.path, decision)
		for err == nil && !a.held.releaseUnless(a.hangs) { // the point was healed and switched on again meanwhile
			err = a.board.Hold(a.done, a.path, point.Decision{Kind: point.Hang})
		}
		a.held.releaseUnless(never)
		a.tx.Unlock()
		if err != nil {
			return
		}
	}
}

// hangs says whether the point lets nothing through.
func (a *applier) hangs() bool { return a.board.Stops(a.path) }
