package harness_test

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// If View returns false, the facts that it returns with that do not count.
func TestAnAbsentViewShowsNothing(t *testing.T) {
	var absent atomic.Bool
	c := altered(func(m harness.Manager) harness.Manager {
		return viewing{m, func(cluster string) (harness.View, bool) {
			v, ok := m.View(cluster)
			return v, ok && !absent.Load()
		}}
	})
	r := execute(t, one, c, func(w *harness.World) {
		w.StartManager()
		absent.Store(true)
		w.Pass(2 * w.Timing().Observe)
		absent.Store(false)
		w.RequireFresh(w.Cluster("alpha"))
	})
	require.Contains(t, failure(t, r, "nothing lost"), "the manager said that it does not manage the cluster")
	gone := record.Change{Subject: harness.Subject{Kind: "counter", Name: "one"}}
	var seen int
	for _, v := range r.Record.Views {
		if v.Absent {
			seen++
			require.Equal(t, []record.Change{gone}, v.Changes)
		}
	}
	require.Equal(t, 1, seen)
}
