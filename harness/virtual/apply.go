package virtual

import (
	"go.etcd.io/etcd/server/v3/etcdserver/cindex"

	"github.com/stormwatch/stormwatch/harness/point"
)

// applyGate delays or holds each committed entry at the point apply before etcd applies it. etcd writes an entry's index to its
// consistent index before it does anything else with the entry, so the gate wraps the consistent index.
type applyGate struct {
	cindex.ConsistentIndexer
	board *point.Board
	path  point.Path
	done  <-chan struct{}
}

// SetConsistentApplyingIndex is called by etcd right before it applies an entry.
func (g *applyGate) SetConsistentApplyingIndex(index, term uint64) {
	_ = g.board.Pass(g.done, g.path) // a committed entry cannot be dropped
	g.ConsistentIndexer.SetConsistentApplyingIndex(index, term)
}
