package embedded

import (
	"sync"
	"time"

	"go.etcd.io/etcd/server/v3/etcdserver"

	"github.com/stormwatch/stormwatch/harness/point"
)

// disk delays, holds or fails the saves to a member's raft log while the point wal-save is on. A save takes two locks of etcd: first that of the
// storage, for reading, and then that of the log. disk holds the lock of the log, so a save waits for it while it holds the storage's:
//
//	raft loop ──► storage.Save ──► storage's lock, for reading ──► log's lock ┤ held by disk ├ ──► write, sync
//
// To let exactly one save through, disk first asks for the storage's lock for writing, which keeps out every later save. Then it releases
// the log's lock, waits until the save has ended, takes the log's lock again, and only then releases the storage's lock. So the point
// decides on every save from the moment disk holds the log's lock until the point is off. disk takes that lock as soon as its goroutine
// runs after the point was switched on and the save under way has ended; the field held tells others when that is.
//
// To make a save fail, disk puts another writer in place of the log's file before it lets the save through.
//
// With it an unmodified embed.Etcd gets a hung disk without root, build tags or a patched etcd.
type disk struct {
	board *point.Board
	path  point.Path
	locks saveLocks
	held  heldLock
	done  chan struct{}
	ended sync.WaitGroup
}

// lockPoll is how often disk checks, while the point is on, whether somebody waits for a lock.
const lockPoll = time.Millisecond

// hold starts a disk for a server. It works until release is called.
func hold(b *point.Board, p point.Path, s *etcdserver.EtcdServer) (*disk, error) {
	locks, err := locksOfSave(s)
	if err != nil {
		return nil, err
	}
	d := &disk{board: b, path: p, locks: locks, done: make(chan struct{})}
	d.ended.Go(d.run)
	return d, nil
}

// release stops the disk and blocks until it has released the lock of the log.
func (d *disk) release() {
	close(d.done)
	d.ended.Wait()
}

func (d *disk) run() {
	for d.board.AwaitOn(d.done, d.path) == nil {
		d.locks.storage.Lock()
		log := d.holdLog()
		for !d.held.releaseUnless(d.stays) {
			if !d.awaitSave() {
				continue
			}
			decision := d.board.Decide(d.path)
			if d.board.Hold(d.done, d.path, decision) != nil {
				continue
			}
			if decision.Kind == point.Fail {
				d.locks.fail()
			}
			d.held.releaseUnless(never)
			d.shut(func() { log.Unlock() })
			log = d.holdLog()
		}
		d.locks.mend()
		log.Unlock()
	}
}

// stays says whether the lock of the log must still be held.
func (d *disk) stays() bool {
	select {
	case <-d.done:
		return false
	default:
		return d.board.On(d.path)
	}
}

func never() bool { return false }

// holdLog takes the log's lock and releases the storage's, which the caller holds for writing. etcd replaces the log when it reads it
// again, so holdLog looks up the lock each time, while it holds the storage's.
func (d *disk) holdLog() *sync.Mutex {
	log := d.locks.log()
	log.Lock()
	d.held.take()
	d.locks.storage.Unlock()
	return log
}

// shut takes the storage's lock for writing, after the save that holds it for reading. It calls then as soon as no further save can take
// the lock first.
func (d *disk) shut(then func()) {
	shut := make(chan struct{})
	go func() {
		defer close(shut)
		d.locks.storage.Lock()
	}()
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for !d.locks.writerWaits() {
		<-ticker.C
	}
	then()
	<-shut
}

// awaitSave blocks until a save waits for the log's lock. It returns false if the point was switched off or the disk released first.
func (d *disk) awaitSave() bool {
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for !d.locks.readerHolds() {
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
