package virtual

import (
	"math"
	_ "unsafe" // for linkname

	_ "go.etcd.io/etcd/server/v3/storage/mvcc" // imported so that its variables are set before the init function below runs

	"github.com/stormwatch/stormwatch/harness/inprocess"
)

// watchBatchMaxRevs is a variable of etcd's store: how many revisions a watch that is behind gets in one pass. When a pass leaves some watches
// behind and not others, the store waits for as long as the pass took, with Ticker.Reset, which panics if that was no time at all (etcd #22296).
// In virtual time a pass always takes none. So we let one pass deliver everything: then no watch is left behind.
//
//go:linkname watchBatchMaxRevs go.etcd.io/etcd/server/v3/storage/mvcc.watchBatchMaxRevs
var watchBatchMaxRevs int

// productionWatchBatch is the value that etcd has. If etcd has no such variable any more, the linkname refers to a new one, which is zero.
var productionWatchBatch = watchBatchMaxRevs

func init() { watchBatchMaxRevs = math.MaxInt }

// checkWatchBatch returns an error if etcd's variable was not found. Without it, two watches that are a thousand revisions behind would end the run.
func checkWatchBatch() error {
	if productionWatchBatch == 0 {
		return inprocess.Moved("batches of watches", "there is no mvcc.watchBatchMaxRevs")
	}
	return nil
}
