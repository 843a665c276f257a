package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/scenarios"
)

func TestBenchMeasuresAndPrintsATable(t *testing.T) {
	var out, err bytes.Buffer
	code := execute(t.Context(), []string{"bench", "--runs", "3", "--scenario", "member-frozen", "--manager", "reference,hedged"}, &out, &err)
	require.Equal(t, exitPassed, code, err.String())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 3)
	require.Equal(t, []string{"SCENARIO", "MANAGER", "RUNS", "MIN", "MEDIAN", "P99", "MAX", "BOUND", "OVER", "NEVER", "STALE", "MEDIAN", "P99", "MAX"},
		strings.Fields(lines[0]))
	require.Regexp(t, `^member-frozen +reference +3( +\d+\.\d{3}s){5} +0 +0( +\d+\.\d{3}s){3}$`, lines[1])
	require.Regexp(t, `^member-frozen +hedged +3 `, lines[2])
}

func TestBenchPrintsLinesForBenchstat(t *testing.T) {
	var out, err bytes.Buffer
	code := execute(t.Context(), []string{"bench", "--runs", "2", "--scenario", "leader-killed", "--manager", "reference", "--gobench"}, &out, &err)
	require.Equal(t, exitPassed, code, err.String())
	require.Regexp(t, `(?m)\A(goos|goarch|pkg): `, out.String())
	require.Len(t, strings.Split(out.String(), "BenchmarkFailover/scenario=leader-killed/manager=reference\t1\t"), 3)
}

func TestBenchRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{
		{"--runs", "0"}, {"--scenario", "hung"}, {"--manager", "nobody"},
	} {
		var out, err bytes.Buffer
		require.Equal(t, exitUsage, execute(t.Context(), append([]string{"bench"}, args...), &out, &err), args)
		require.NotEmpty(t, err.String())
	}
}

func TestAViewThatNeverCameBackIsSlowerThanAllOthers(t *testing.T) {
	f, err := scenarios.FindFailover("member-frozen")
	require.NoError(t, err)
	c := cell{failover: f, measured: []measurement{
		{Took: 2 * time.Second, Stale: time.Second},
		{Took: -1},
		{Took: time.Second},
		{Took: time.Minute, Stale: time.Minute},
		{Failure: "the world broke"},
	}}
	s := c.statistics()
	require.Equal(t, 2, s.over)
	require.Equal(t, 1, s.never)
	require.Equal(t, "1.000s", s.took.quantile(0))
	require.Equal(t, "2.000s", s.took.quantile(0.5))
	require.Equal(t, "60.000s", s.took.quantile(0.75))
	require.Equal(t, "never", s.took.quantile(0.99))
	require.Equal(t, "-", durations{}.quantile(0.5))
}
