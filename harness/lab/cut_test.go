package lab

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/report"
)

func TestADrawingLeavesOutWhatWasOverBeforeIt(t *testing.T) {
	r := &report.Record{Holdings: []report.Holding{{Key: "gone", To: 40}, {Key: "stands", To: -1}}}
	r.Claims = []report.Claim{{Thing: "over", To: 49}, {Thing: "ends in it", To: 51}, {Thing: "lasts", To: -1}}
	r.Keys = []report.Keys{{At: 10, Own: 1}}
	r.Staleness = []report.Staleness{{To: 90, Points: [][2]float64{{10, 0}, {45, 3}, {60, 0}}}}
	cut(r, 50)
	require.Equal(t, []report.Holding{{Key: "stands", To: -1}}, r.Holdings)
	require.Equal(t, []report.Claim{{Thing: "ends in it", To: 51}, {Thing: "lasts", To: -1}}, r.Claims)
	require.Len(t, r.Keys, 1, "it still holds")
	require.Equal(t, [][2]float64{{45, 3}, {60, 0}}, r.Staleness[0].Points, "from the last point before it on")
}
