package record

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAVerdictSaysHowItTurnedOutAndFailsLoudly(t *testing.T) {
	require.Equal(t, "leaks passed: nothing left", Verdict{Oracle: "leaks", Outcome: Passed, Evidence: "nothing left"}.String())
	require.Equal(t, "leaks FAILED: a goroutine", Verdict{Oracle: "leaks", Outcome: Failed, Evidence: "a goroutine"}.String())
	require.Equal(t, "own keys not asked", Verdict{Oracle: "own keys", Outcome: NotAsked}.String())
	require.Equal(t, "load not judged: nothing was written", Verdict{Oracle: "load", Outcome: NotJudged, Evidence: "nothing was written"}.String())
}
