package virtual

import (
	serverstorage "go.etcd.io/etcd/server/v3/storage"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/stormwatch/stormwatch/harness/point"
)

// disk is a member's raft log behind the point wal-save: a slow disk completes each write late, a dead one none. What still waits when
// the member is killed is written then, for a write that was asked for may have happened; nobody hears of it any more.
type disk struct {
	serverstorage.Storage
	board *point.Board
	path  point.Path
	done  <-chan struct{}
}

func (d *disk) wait() { _ = d.board.Pass(d.done, d.path) } // there is nothing to drop

// Save waits its turn and saves.
func (d *disk) Save(state *raftpb.HardState, entries []*raftpb.Entry) error {
	d.wait()
	return d.Storage.Save(state, entries)
}

// SaveSnap waits its turn and saves.
func (d *disk) SaveSnap(s *raftpb.Snapshot) error {
	d.wait()
	return d.Storage.SaveSnap(s)
}

// Sync waits its turn and syncs.
func (d *disk) Sync() error {
	d.wait()
	return d.Storage.Sync()
}
