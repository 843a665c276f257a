package chart

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/report"
)

func matrix(t *testing.T) report.Matrix {
	t.Helper()
	m, err := report.ReadMatrix(strings.NewReader(`{"scenario":"calm","manager":"good","outcome":"passed"}
{"scenario":"calm","manager":"stale","outcome":"failed","killed_by":"leaks"}
{"scenario":"hang","manager":"good","outcome":"not asked"}
{"scenario":"hang","manager":"stale","outcome":"failed","killed_by":"freshness"}`))
	require.NoError(t, err)
	return m
}

func TestAPictureHasANameForEachRowAndColumnAndAColourForEachOutcome(t *testing.T) {
	var svg strings.Builder
	require.NoError(t, Matrix(&svg, matrix(t), map[string]string{"stale": "freshness"}))
	for _, name := range []string{"calm", "hang", "good", "stale"} {
		require.Contains(t, svg.String(), ">"+name+"</text>")
	}
	// One path for the cells of each colour, and a box for each in the legend.
	for _, shade := range []string{"#0B5CAD", "#F2B74B", "#EEEEEE"} {
		require.Equal(t, 2, strings.Count(svg.String(), "fill:"+shade), shade)
	}
	require.Equal(t, svg.String(), again(t), "the same results give the same picture")
}

func again(t *testing.T) string {
	t.Helper()
	var svg strings.Builder
	require.NoError(t, Matrix(&svg, matrix(t), map[string]string{"stale": "freshness"}))
	return svg.String()
}

func TestAnErrorOfTheWriterIsReturned(t *testing.T) {
	require.ErrorContains(t, Matrix(full{}, matrix(t), nil), "the disk is full")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }
