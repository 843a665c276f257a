package oracle

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/record"
)

func TestMarginsSayHowNearARunCameToEachBound(t *testing.T) {
	margin := func(r *record.Record, bound string) float64 {
		for _, m := range Margins(r) {
			if m.Bound == bound {
				return m.Used
			}
		}
		return -1
	}
	calm := run(steady("alpha", 1, 49, 0.1))
	require.InDelta(t, 0.5, margin(calm, "calm"), 1e-9, "0.1 of 0.2 s")
	require.InDelta(t, -1, margin(calm, "recovery from HangDisk"), 1e-9, "nothing was put to the test")

	hung := run(steady("alpha", 1, 20, 0.1), hang("alpha", 20, -1), seen("alpha", 21, 3, "b1", "x"), steady("alpha", 25, 49, 0.15))
	require.InDelta(t, 0.75, margin(hung, "calm"), 1e-9, "what was allowed during the recovery does not count")
	require.InDelta(t, 0.5, margin(hung, "recovery from HangDisk"), 1e-9, "4 of 8 s")

	closed := run(steady("alpha", 1, 49, 0.1))
	closed.ManagerClosed = closed.ManagerClose + closed.Bounds().Close()/2
	require.InDelta(t, 0.5, margin(closed, "Close"), 1e-9)
}
