package draw

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/schedule"
)

func TestAGuideFollowsFromItsSeedsAndWhatItLearned(t *testing.T) {
	require.Equal(t, guided(300), guided(300))
	a, b := NewGuide(both, false), NewGuide(both, false)
	a.Learn(Schedule(1, both), []string{"x"})
	b.Learn(Schedule(2, both), []string{"x"})
	differ := false
	for seed := range uint64(20) {
		differ = differ || a.Next(seed).String() != b.Next(seed).String()
	}
	require.True(t, differ, "what was learned does not matter")
}

func TestAGuideKeepsOnlyWhatIsNew(t *testing.T) {
	g := NewGuide(both, false)
	require.Equal(t, []string{"a", "b"}, g.Learn(Schedule(1, both), []string{"a", "b"}))
	require.Empty(t, g.Learn(Schedule(2, both), []string{"b"}))
	require.Equal(t, []string{"c"}, g.Learn(Schedule(3, both), []string{"a", "c"}))
	require.Empty(t, g.Learn(Schedule(4, both), nil))
	require.Equal(t, []keeping{{Schedule(1, both), []string{"a", "b"}}, {Schedule(3, both), []string{"c"}}}, g.kept)
}

func TestABlindGuideAlwaysDrawsAnew(t *testing.T) {
	g := NewGuide(both, true)
	for seed := range uint64(50) {
		s := g.Next(seed)
		require.Equal(t, Schedule(seed, both), s)
		require.NotEmpty(t, g.Learn(s, []string{strconv.FormatUint(seed, 10)}))
	}
}

func TestAGuidePrefersRareSituations(t *testing.T) {
	g := NewGuide(both, false)
	rare, common := Schedule(1, both), Schedule(2, both)
	g.Learn(rare, []string{"rare"})
	g.Learn(common, []string{"common"})
	for range 10 {
		g.Learn(Schedule(3, both), []string{"common"})
	}
	count := 0
	for seed := range uint64(300) {
		if g.choose(newDrawer(seed, guidance, both)).String() == rare.String() {
			count++
		}
	}
	// The latest of two alone would leave the first one 45 of 300: it is preferred in 85 of 100 draws.
	require.Greater(t, count, 90, "one of the candidates is the rare one more often, and then it wins")
}

func TestAGuideDoesNotGrowForEver(t *testing.T) {
	g := NewGuide(both, false)
	for i := range 2 * mostKept {
		g.Learn(schedule.Schedule{}, []string{strconv.Itoa(i)})
	}
	require.Len(t, g.kept, mostKept)
}
