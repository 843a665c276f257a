package embedded

import (
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/etcd/server/v3/etcdserver"

	"github.com/stormwatch/stormwatch/harness/point"
)

// disk stands before a member's raft log. Each save takes a read lock of etcd's storage; disk takes the write lock while the point
// wal-save is on, sees saves queue up behind it, and lets each through when the point does. While the point is off it holds nothing; it
// takes hold as soon as its goroutine runs after the point was switched on, and again after each save that it let through, so that on a
// busy machine a save may slip through in such an instant. A hang lets nothing through once it has taken hold.
//
//	raft loop ──► storage.Save ──► RLock ─ ─ ┤ disk holds the lock ├ ─ ─► WAL
//
// It is the seam by which an unmodified embed.Etcd gets a hung disk without root, build tags or a patched etcd.
type disk struct {
	board *point.Board
	path  point.Path
	lock  *sync.RWMutex
	count *atomic.Int32 // the lock's readers
	done  chan struct{}
	ended sync.WaitGroup
}

// glance is how often disk looks for a save that waits, while the point is on.
const glance = time.Millisecond

// hold puts a disk before a server's log until it is released.
func hold(b *point.Board, p point.Path, s *etcdserver.EtcdServer) (*disk, error) {
	lock, err := storageLock(s)
	if err != nil {
		return nil, err
	}
	count, err := readerCount(lock)
	if err != nil {
		return nil, err
	}
	d := &disk{board: b, path: p, lock: lock, count: count, done: make(chan struct{})}
	d.ended.Go(d.run)
	return d, nil
}

// release lets go of the log for good and blocks until it has.
func (d *disk) release() {
	close(d.done)
	d.ended.Wait()
}

func (d *disk) run() {
	for await(d.board, d.path, d.done) {
		d.lock.Lock()
		for d.board.On(d.path) && d.awaitSave() {
			decision := d.board.Decide(d.path)
			if d.board.Hold(d.done, d.path, decision) != nil {
				break
			}
			// The save that waits goes ahead; the lock is ours again only after it.
			d.lock.Unlock()
			d.lock.Lock()
		}
		d.lock.Unlock()
	}
}

// awaitSave blocks until a save waits for the lock; it is false if the point was turned off or the disk released first.
func (d *disk) awaitSave() bool {
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for d.waiting() == 0 {
		select {
		case <-ticker.C:
			if !d.board.On(d.path) {
				return false
			}
		case <-d.done:
			return false
		}
	}
	return true
}

// waiting counts those that wait for the read lock. A writer that holds an RWMutex has made its count of readers negative by this
// much, and readers who come go on adding to it.
func (d *disk) waiting() int {
	const maxReaders = 1 << 30
	return int(d.count.Load()) + maxReaders
}
