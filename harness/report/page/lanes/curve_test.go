package lanes

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDotsOnALineAreLeftOutAndDropsAreKept(t *testing.T) {
	dots := []dot{{0, 0}, {10, 0}, {20, 0}, {30, 10}, {40, 20}, {40, 0}, {50, 0}}
	require.Equal(t, []dot{{0, 0}, {20, 0}, {40, 20}, {40, 0}, {50, 0}}, merged(dots))
}

func TestManyDotsOnOneInstantKeepTheirEnds(t *testing.T) {
	kept := merged([]dot{{0, 0}, {10, 10}, {10, 5}, {10, 0}, {20, 0}})
	require.Equal(t, dot{10, 10}, kept[1])
	require.Contains(t, kept, dot{10, 0})
}

func TestACurveIsAboveItsLimitFromTheInstantAtWhichItCrossesIt(t *testing.T) {
	dots := []dot{{0, 0}, {100, 100}, {100, 0}, {200, 0}}
	require.Equal(t, []span{{50, 100}}, above(dots, limit{span: span{0, 200}, max: 50}))
	require.Equal(t, []span{{70, 100}}, above(dots, limit{span: span{70, 200}, max: 50}), "from where the limit begins")
	require.Empty(t, above(dots, limit{span: span{0, 200}, max: 100}), "exactly as stale as allowed")
}

func TestStrokesOfOneMillisecondAreOne(t *testing.T) {
	var s strokes
	for _, at := range []float64{1, 1.2, 3} {
		s.add(at, 10, 4)
	}
	require.Equal(t, "M1 10v4m2 -4v4", s.path())
}

func TestTicksHaveRoomAndExactLabels(t *testing.T) {
	for _, c := range []struct {
		at, step float64
		label    string
	}{{1500, 500, "1.5s"}, {1520, 20, "1.52s"}, {1521, 1, "1.521s"}, {4000, 2000, "4s"}, {75_000, 15_000, "1:15"}, {120_000, 60_000, "2m"}, {5_400_000, 1_800_000, "1h30m"}} {
		require.Equal(t, c.label, tick(c.at, c.step))
	}
}

func TestWatchesThatOverlapHaveLanesOfTheirOwn(t *testing.T) {
	var cl managerLanes
	for _, s := range []span{{0, 10}, {5, 20}, {10, 30}} {
		cl.sit("/k/", sitting{span: s, member: "m1"})
	}
	require.Len(t, cl.watches, 2)
	require.Len(t, cl.watches[0].sits, 2)
}
