package chart

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/soak"
)

func soakPicture(t *testing.T, s *soak.Summary) string {
	t.Helper()
	var svg strings.Builder
	require.NoError(t, Soak(&svg, "svg", s))
	return svg.String()
}

func ms(took float64) *float64 { return &took }

func aSoak() *soak.Summary {
	return &soak.Summary{
		Manager: "mine", Engine: "virtual", Schedules: 9, Outcomes: soak.Outcomes{Passed: 6, Failed: 3},
		Recoveries: []soak.FaultRecovery{
			{Fault: "HangDisk", N: 40, P50: ms(1200), P90: ms(2000), P99: ms(2750), Max: ms(3050), Allowance: 8950},
			{Fault: "HangDisk, healed", N: 4, P50: ms(0), P90: ms(0), P99: ms(0), Max: ms(0), Allowance: 8950},
			{Fault: "Reset", N: 12, Late: 7, P50: nil, Allowance: 650},
		},
		Bounds: []soak.BoundUse{
			{Bound: "calm", N: 9, P50: 0.1, Max: 0.3},
			{Bound: "dials", N: 9, P50: 0.4, Max: 0.999, Approached: true},
			{Bound: "start", N: 9, P50: 0.5, Max: 1.32, Approached: true},
		},
		Failures: []soak.Group{
			{Oracle: "leaks", Count: 1}, {Oracle: "freshness", Kind: "Kill", Count: 2, Status: soak.Known}, {Oracle: "freshness", Kind: "Reset", Count: 1},
		},
		Unexplained: []soak.Unexplained{{Oracle: "freshness", Count: 5}},
	}
}

func TestThePictureOfASoakSaysWhatItsSummarySays(t *testing.T) {
	svg := soakPicture(t, aSoak())
	for _, text := range []string{
		"soak of mine on virtual: 9 schedules in 0.0 virtual hours, 0 situations: 6 passed, 3 failed, 0 not judged",
		"HangDisk", "HangDisk, healed", "1.20 s", "2.75 s", "3.05 s", "8.95 s",
		"Reset", "late", "calm", "30 %", "never approached", "99 %", "132 %", "broken",
		"freshness", "8 of 2 kinds, 2 known, 5 not explained", "leaks",
	} {
		require.Contains(t, svg, ">"+text+"</text>")
	}
	require.Equal(t, 1, strings.Count(svg, ">broken<"), "a bound that was nearly reached is not broken")
	require.Less(t, strings.Index(svg, ">start<"), strings.Index(svg, ">dials<"), "the bound that came nearest is first")
	require.Less(t, strings.Index(svg, ">freshness<"), strings.Index(svg, ">leaks<"), "the oracle that failed most often is first")
	require.Equal(t, svg, soakPicture(t, aSoak()), "the same summary gives the same picture")
}

func TestThePictureOfASoakHasNoTableWithoutRows(t *testing.T) {
	s := aSoak()
	s.Failures, s.Unexplained = nil, nil
	require.NotContains(t, soakPicture(t, s), "Runs that failed")
	s.Recoveries = nil
	require.NotContains(t, soakPicture(t, s), "Recoveries")
	s.Bounds = nil
	require.Contains(t, soakPicture(t, s), "soak of mine on virtual")
}

// Values that differ by a factor of a thousand have their place in one axis.
func TestALogarithmicAxisHasEqualFactorsAtEqualDistances(t *testing.T) {
	a := logAxis{min: 0.03, max: 25}.rounded()
	a.from, a.to = 0, 100
	require.InDelta(t, 0.02, a.min, 1e-9)
	require.InDelta(t, 50, a.max, 1e-9)
	require.InDelta(t, float64(a.at(1)-a.at(0.1)), float64(a.at(10)-a.at(1)), 1e-9)
	require.Zero(t, a.at(0), "what is shorter than the axis is at its beginning")
	for _, empty := range []logAxis{recoveryAxis(nil), {min: 1, max: 1}, {min: 0.001, max: 0.002}} {
		a := empty.rounded()
		require.Less(t, a.min, a.max, fmt.Sprint(empty))
	}
}
