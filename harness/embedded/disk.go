package embedded

import (
	"sync"
	"time"

	"go.etcd.io/etcd/server/v3/etcdserver"

	"github.com/stormwatch/stormwatch/harness/point"
)

// disk stands before a member's raft log while the point wal-save is on, and lets each save through when the point does. A save passes
// two locks of etcd's: it takes the storage's for reading, and then the log's. disk holds the log's, so that saves come to stand before
// it with the storage's in hand:
//
//	raft loop ──► storage.Save ──► storage's lock, for reading ──► log's lock ┤ held by disk ├ ──► write, sync
//
// To let one save through and no second, disk goes hand over hand: it first asks for the storage's lock for writing, which shuts out
// every save that is still to come, then releases the log's, waits until the save has ended, takes the log's again, and only then opens
// the storage's. So every save between the moment disk takes hold and the end of the point meets the point. disk takes hold as soon as
// its goroutine runs after the point was switched on, and the save under way has ended.
//
// It is the seam by which an unmodified embed.Etcd gets a hung disk without root, build tags or a patched etcd.
type disk struct {
	board *point.Board
	path  point.Path
	locks saveLocks
	done  chan struct{}
	ended sync.WaitGroup
}

// glance is how often disk looks at who stands before a lock, while the point is on.
const glance = time.Millisecond

// hold puts a disk before a server's log until it is released.
func hold(b *point.Board, p point.Path, s *etcdserver.EtcdServer) (*disk, error) {
	locks, err := locksOfSave(s)
	if err != nil {
		return nil, err
	}
	d := &disk{board: b, path: p, locks: locks, done: make(chan struct{})}
	d.ended.Go(d.run)
	return d, nil
}

// release lets go of the log for good and blocks until it has.
func (d *disk) release() {
	close(d.done)
	d.ended.Wait()
}

func (d *disk) run() {
	for d.board.AwaitOn(d.done, d.path) == nil {
		d.locks.storage.Lock()
		log := d.holdLog()
		for d.board.On(d.path) && d.awaitSave() {
			if d.board.Hold(d.done, d.path, d.board.Decide(d.path)) != nil {
				break
			}
			d.shut(func() { log.Unlock() })
			log = d.holdLog()
		}
		log.Unlock()
	}
}

// holdLog takes the log's lock and gives back the storage's, which it must be called with. etcd replaces the log when it reads it anew,
// so whose lock it is has to be asked each time, and with the storage's in hand.
func (d *disk) holdLog() *sync.Mutex {
	log := d.locks.log()
	log.Lock()
	d.locks.storage.Unlock()
	return log
}

// shut takes the storage's lock for writing, behind the save that has it for reading, and calls then as soon as no further save can
// come before it.
func (d *disk) shut(then func()) {
	shut := make(chan struct{})
	go func() {
		defer close(shut)
		d.locks.storage.Lock()
	}()
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for !d.locks.writerWaits() {
		<-ticker.C
	}
	then()
	<-shut
}

// awaitSave blocks until a save stands before the log's lock; it is false if the point was turned off or the disk released first.
func (d *disk) awaitSave() bool {
	ticker := time.NewTicker(glance)
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
