package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

func TestAMatrixSaysWhichOracleCatchesWhichManager(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	c := call(t.Context(), "matrix", "--scenario", "calm,hung-leader", "--manager", "polling,watching", "--json", file)
	require.Equal(t, exitPassed, c.code, c.stdout+c.stderr)
	require.Regexp(t, `(?m)^SCENARIO +1 2 $`, c.stdout)
	require.Regexp(t, `(?m)^calm +\. \. $`, c.stdout)
	require.Regexp(t, `(?m)^hung-leader +\. F $`, c.stdout)
	require.Regexp(t, `(?m)^1 +polling +- +-$`, c.stdout)
	require.Regexp(t, `(?m)^2 +watching +freshness +freshness \(1\)$`, c.stdout)
	require.Contains(t, c.stdout, "F freshness\n")
	require.Contains(t, c.stderr, "[4/4] hung-leader with watching caught by freshness in ")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Len(t, lines, 4)
	killed := map[string]*string{}
	for _, text := range lines {
		var one struct {
			Scenario, Manager, Outcome string
			KilledBy                   *string `json:"killed_by"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &one))
		require.Contains(t, text, `"killed_by":`)
		require.Equal(t, one.KilledBy != nil, one.Outcome == string(record.Failed), text)
		killed[one.Scenario+" "+one.Manager] = one.KilledBy
	}
	require.Equal(t, "freshness", *killed["hung-leader watching"])
	require.Nil(t, killed["hung-leader polling"])
}

func TestAMatrixWithACellThatCannotBeJudgedIsNoSuccess(t *testing.T) {
	c := call(t.Context(), "matrix", "--scenario", "calm", "--manager", "polling,dying")
	require.Equal(t, exitNotJudged, c.code, c.stdout)
	require.Regexp(t, `(?m)^calm +\. \? $`, c.stdout)
	require.Contains(t, c.stdout, "at the disco")
}

// filled makes a matrix of one manager with the verdicts that failed in each scenario; "" is a passed run, "?" one that is missing.
func filled(caught string, failed ...string) *matrix {
	m := &matrix{managers: []harness.Candidate{{Name: "mine", Caught: caught}}}
	for _, name := range failed {
		s := harness.Scenario{Name: "s"}
		m.scenarios = append(m.scenarios, s)
		r := &harness.Result{Scenario: s.Name, Outcome: record.Passed, Record: record.Empty()}
		if name != "" {
			r.Outcome, r.Verdicts = record.Failed, []record.Verdict{{Oracle: name, Outcome: record.Failed}}
		}
		one := &cellOf{Result: r, killedBy: killer(r, m.managers[0])}
		if name == "?" {
			one = nil
		}
		m.cells = append(m.cells, []*cellOf{one})
	}
	m.catalogue.Scenarios = m.scenarios
	return m
}

func TestAManagerMustBeCaughtByTheOracleThatNamesItsMistake(t *testing.T) {
	for name, c := range map[string]struct {
		m     *matrix
		wrong string
	}{
		"a good manager that passes":         {filled("", "", ""), ""},
		"a good manager that is caught":      {filled("", "", "freshness"), "mine should pass, and s was caught by freshness"},
		"one that is caught by its oracle":   {filled("leaks", "freshness", "leaks"), ""},
		"one that is caught by another only": {filled("leaks", "freshness", ""), "mine should be caught by leaks in some scenario"},
		"one that passes":                    {filled("leaks", "", ""), "mine should be caught by leaks in some scenario"},
		"one that did not run everywhere":    {filled("leaks", "", "?"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := strings.Join(c.m.wrong(0, c.m.managers[0]), "\n")
			if c.wrong == "" {
				require.Empty(t, wrong)
				require.NoError(t, c.m.outcome())
				return
			}
			require.Contains(t, wrong, c.wrong)
			require.ErrorIs(t, c.m.outcome(), errFailed)
		})
	}
}

func TestACellNamesTheOracleThatMustCatchTheManager(t *testing.T) {
	r := &harness.Result{Verdicts: []record.Verdict{
		{Oracle: "load", Outcome: record.Passed}, {Oracle: "freshness", Outcome: record.Failed}, {Oracle: "leaks", Outcome: record.Failed},
	}}
	require.Equal(t, "leaks", killer(r, harness.Candidate{Caught: "leaks"}))
	require.Equal(t, "freshness", killer(r, harness.Candidate{Caught: "own keys"}))
	require.Equal(t, "freshness", killer(r, harness.Candidate{}))
}

func TestEachOracleHasALetterOfItsOwn(t *testing.T) {
	m := filled("", "isolation", "idle timeout", "leaks", "load", "freshness", "leaks")
	l := m.letters()
	require.Equal(t, map[string]string{"isolation": "I", "idle timeout": "D", "leaks": "L", "load": "O", "freshness": "F"}, l.letter)
	require.Equal(t, cellMissing, l.of(nil))
}

func TestAManagerThatEndsItsProcessSpoilsNoOtherCell(t *testing.T) {
	c := call(t.Context(), "matrix", "--scenario", "calm,hung-leader", "--manager", "polling,dying,watching")
	require.Equal(t, exitNotJudged, c.code, c.stdout)
	require.Regexp(t, `(?m)^calm +\. \? \. $`, c.stdout)
	require.Regexp(t, `(?m)^hung-leader +\. \? F $`, c.stdout)
}

func TestARunIsBriefUnlessTheMistakeShowsOnlyLate(t *testing.T) {
	m := filled("freshness", "", "")
	m.scenarios[0].Name, m.scenarios[1].Name = "early", "late"
	m.managers[0].Late = map[string]string{"late": "it fails after an hour"}
	require.True(t, m.order(0).Brief)
	require.False(t, m.order(1).Brief)
	m.full = true
	require.False(t, m.order(0).Brief)
}

func TestTheCommandThatMakesACellAgainMakesTheSameRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	c := call(t.Context(), "matrix", "--scenario", "calm", "--manager", "polling", "--json", file)
	require.Equal(t, exitPassed, c.code, c.stdout+c.stderr)
	again := call(t.Context(), "run", "calm", "--manager", "polling", "--workload", "counters", "--seed", "1", "--brief", "--json", "-")
	require.Equal(t, exitPassed, again.code, again.stdout+again.stderr)
	type line struct {
		Again   string
		Virtual float64 `json:"virtual_ms"`
	}
	var one, other line
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &one))
	require.NoError(t, json.Unmarshal([]byte(again.stdout), &other))
	require.Contains(t, one.Again, "run calm --manager polling --workload counters --seed 1 --brief")
	require.Equal(t, one.Virtual, other.Virtual)
	require.Less(t, one.Virtual, 60_000.)
}
