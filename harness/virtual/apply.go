package virtual

import (
	"go.etcd.io/etcd/server/v3/etcdserver/cindex"

	"github.com/stormwatch/stormwatch/harness/point"
)

// applyGate holds committed entries before they are applied, one by one, at the point apply. etcd notes the index of each in its
// consistent index before it does anything else with it.
type applyGate struct {
	cindex.ConsistentIndexer
	board *point.Board
	path  point.Path
	done  <-chan struct{}
}

// SetConsistentApplyingIndex is called when an entry's turn has come.
func (g *applyGate) SetConsistentApplyingIndex(index, term uint64) {
	_ = g.board.Pass(g.done, g.path) // a committed entry cannot be dropped
	g.ConsistentIndexer.SetConsistentApplyingIndex(index, term)
}
