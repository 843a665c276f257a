package virtual

import (
	"sync/atomic"

	serverstorage "go.etcd.io/etcd/server/v3/storage"
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/stormwatch/stormwatch/harness/point"
)

// disk is a member's raft log behind the point wal-save: a delay makes each write slow, a hang holds each write until it is healed. Once a
// write has failed, so do all later ones of the same server, which has ended itself: its log must not continue behind a gap. Writes that
// wait when the member is killed are still written, as a kernel may write what a killed process asked for. The member does not acknowledge
// them to anybody.
type disk struct {
	serverstorage.Storage
	board *point.Board
	path  point.Path
	done  <-chan struct{}
	// failed says that a write has failed.
	failed atomic.Bool
}

// wait blocks while the point delays or hangs. It returns an error if a write must fail.
func (d *disk) wait() error {
	if d.board.Pass(d.done, d.path) == point.Fail || d.failed.Load() {
		return point.ErrFailed
	}
	return nil
}

// write writes once the point lets it pass.
func (d *disk) write(write func() error) error {
	if err := d.wait(); err != nil {
		d.failed.Store(true)
		return err
	}
	return write()
}

// Save saves once the point lets it pass.
func (d *disk) Save(state *raftpb.HardState, entries []*raftpb.Entry) error {
	save := func() error { return d.Storage.Save(state, entries) }
	if len(entries) > 0 || !raft.IsEmptyHardState(state) {
		return d.write(save)
	}
	_ = d.wait() // etcd also saves when there is nothing to write, and then cannot notice that its disk fails
	return save()
}

// SaveSnap saves once the point lets it pass.
func (d *disk) SaveSnap(s *raftpb.Snapshot) error {
	return d.write(func() error { return d.Storage.SaveSnap(s) })
}

// Sync syncs once the point lets it pass.
func (d *disk) Sync() error {
	return d.write(d.Storage.Sync)
}
