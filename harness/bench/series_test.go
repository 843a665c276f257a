package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

func TestAViewThatNeverCameBackIsSlowerThanAllOthers(t *testing.T) {
	limit := 10 * time.Second
	s := Series{Measured: []Measurement{
		{Took: 2 * time.Second, Bound: limit, Stale: time.Second},
		{Took: -1, Bound: limit},
		{Took: time.Second, Bound: limit},
		{Took: time.Minute, Bound: limit, Stale: time.Minute},
		{Failure: "the world broke", NotJudged: true},
	}}
	sum := s.Summary()
	require.Equal(t, []int{2, 1, 1}, []int{sum.Over, sum.Never, sum.Broken})
	require.Equal(t, limit, sum.Bound)
	require.Equal(t, Durations{time.Second, 2 * time.Second, time.Minute, Never}, sum.Took)
	var line strings.Builder
	require.NoError(t, s.WriteJSON(&line))
	require.Contains(t, line.String(), `"took":{"min_ms":1000,"median_ms":2000,"p99_ms":null,"max_ms":null}`)
	_, ok := Durations{}.Quantile(0.5)
	require.False(t, ok)
}

func TestASettingThatAManagerWouldIgnoreIsRefused(t *testing.T) {
	probe := Setting{"probe", 2 * time.Second}
	require.NoError(t, probe.Check(bound.Production(), harness.Candidate{Name: "suggested"}))
	deaf := harness.Candidate{Name: "deaf", Timing: func(bound.Manager) bound.Manager { return bound.Manager{} }}
	require.ErrorContains(t, probe.Check(bound.Production(), deaf), "probe=2s: the deaf manager does not take it: it has none")
	require.NoError(t, Setting{"election", 2 * time.Second}.Check(bound.Production(), deaf))
}
