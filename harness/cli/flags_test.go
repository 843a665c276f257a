package cli

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
)

func TestLimitsAreReadAsTheyAreWritten(t *testing.T) {
	var w within
	for _, text := range []string{"HangDisk=30s", "1m", "Freeze=5s", "HangDisk=20s"} {
		require.NoError(t, w.Set(text))
	}
	require.Equal(t, harness.Limits{Any: time.Minute, Of: map[string]time.Duration{"HangDisk": 20 * time.Second, "Freeze": 5 * time.Second}}, w.limits)
	require.Equal(t, []string{"--within", "1m0s", "--within", "Freeze=5s", "--within", "HangDisk=20s"}, w.again())
	for text, want := range map[string]string{
		"soon":         "want a time such as 30s",
		"0s":           "want a time such as 30s",
		"HangDisk=":    "want a time such as 30s",
		"HungDisk=30s": `no fault is called "HungDisk"; the nearest: HangDisk`,
	} {
		require.ErrorContains(t, w.Set(text), want, text)
	}
}

func TestLimitsAreHeldToBeforeTheCandidatesOwn(t *testing.T) {
	of := func(name string, limit time.Duration) map[string]time.Duration {
		return map[string]time.Duration{name: limit}
	}
	own := harness.Limits{Any: time.Hour, Of: of("Freeze", time.Minute)}
	require.Equal(t, own, override(own, harness.Limits{}))
	require.Equal(t, harness.Limits{Any: time.Second, Of: map[string]time.Duration{}}, override(own, harness.Limits{Any: time.Second}),
		"a limit for every fault is one for that too which had its own")
	require.Equal(t, harness.Limits{Any: time.Hour, Of: of("Freeze", time.Second)}, override(own, harness.Limits{Of: of("Freeze", time.Second)}))
	require.Equal(t, of("Freeze", time.Minute), own.Of, "the candidate's own limits were changed")
}

func TestARangeOfSeedsIsReadOrRefused(t *testing.T) {
	var s seedRange
	require.NoError(t, s.Set("7-9"))
	require.Equal(t, 3, s.count())
	require.Equal(t, "7-9", s.String())
	require.NoError(t, s.Set("0-0"))
	require.Equal(t, 1, s.count())
	for _, text := range []string{"", "7", "9-7", "-", "1-", "a-b", "-1-3", "1-18446744073709551615"} {
		require.ErrorContains(t, s.Set(text), "want the first and the last seed, such as 1-100", text)
	}
}
