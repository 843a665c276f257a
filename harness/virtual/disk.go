package virtual

import (
	serverstorage "go.etcd.io/etcd/server/v3/storage"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/stormwatch/stormwatch/harness/point"
)

// disk is a member's raft log behind the point wal-save: a delay makes each write slow, a hang holds each write until it is healed. Writes
// that wait when the member is killed are still written, as a kernel may write what a killed process asked for. The member does not
// acknowledge them to anybody.
type disk struct {
	serverstorage.Storage
	board *point.Board
	path  point.Path
	done  <-chan struct{}
}

// wait blocks while the point delays or hangs.
func (d *disk) wait() { _ = d.board.Pass(d.done, d.path) }

// Save saves once the point lets it pass.
func (d *disk) Save(state *raftpb.HardState, entries []*raftpb.Entry) error {
	d.wait()
	return d.Storage.Save(state, entries)
}

// SaveSnap saves once the point lets it pass.
func (d *disk) SaveSnap(s *raftpb.Snapshot) error {
	d.wait()
	return d.Storage.SaveSnap(s)
}

// Sync syncs once the point lets it pass.
func (d *disk) Sync() error {
	d.wait()
	return d.Storage.Sync()
}
