package embedded

import (
	"sync"

	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/storage/backend"

	"github.com/stormwatch/stormwatch/harness/point"
)

// applier stands before a member's state machine. Applying an entry takes the lock of the backend's batch transaction; applier holds that
// lock while the point apply is on, for as long as the point says, and lets go of it for a moment in between. So an entry waits for no
// longer than a delay, and for as long as a hang; reads go on, as they do beside a long compaction.
type applier struct {
	board *point.Board
	path  point.Path
	tx    backend.BatchTx
	done  chan struct{}
	ended sync.WaitGroup
}

// holdApply puts an applier before a server's state machine until it is released.
func holdApply(b *point.Board, p point.Path, s *etcdserver.EtcdServer) *applier {
	a := &applier{board: b, path: p, tx: s.Backend().BatchTx(), done: make(chan struct{})}
	a.ended.Go(a.run)
	return a
}

// release lets go of the state machine for good and blocks until it has.
func (a *applier) release() {
	close(a.done)
	a.ended.Wait()
}

func (a *applier) run() {
	for a.board.AwaitOn(a.done, a.path) == nil {
		decision := a.board.Decide(a.path)
		// An entry waits for the rest of one hold and, since whoever lets go of a mutex may take it again before one that has yet to
		// wake up, for a second; then it has waited for longer than a millisecond, and is given the mutex.
		decision.Delay /= 2
		a.tx.LockOutsideApply()
		held := a.board.Hold(a.done, a.path, decision)
		a.tx.Unlock()
		if held != nil {
			return
		}
	}
}
