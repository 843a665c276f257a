package virtual

import (
	"go.etcd.io/etcd/server/v3/etcdserver/cindex"

	"github.com/stormwatch/stormwatch/harness/point"
)

// applyGate delays or holds each committed entry at the point apply before etcd applies it. etcd writes an entry's index to its
// consistent index before it does anything else with the entry, so the gate wraps the consistent index.
// While one entry is delayed, others queue up behind it. They are applied together with it, as after one long commit of the backend: if each
// were delayed by itself, a busy member would fall further and further behind, however short the delay.
type applyGate struct {
	cindex.ConsistentIndexer
	board *point.Board
	path  point.Path
	done  <-chan struct{}
	// committed returns the index of the last entry that the member knows to be committed.
	committed func() uint64
	// waited is the index of the last entry that was delayed or was queued behind one that was.
	waited uint64
}

// SetConsistentApplyingIndex is called by etcd right before it applies an entry.
func (g *applyGate) SetConsistentApplyingIndex(index, term uint64) {
	if index > g.waited {
		decision := g.board.Decide(g.path)
		_ = g.board.Hold(g.done, g.path, decision) // the error only says that the member ends; a committed entry cannot be dropped
		if decision.Kind == point.Delay {
			g.waited = max(index, g.committed())
		}
	}
	g.ConsistentIndexer.SetConsistentApplyingIndex(index, term)
}
