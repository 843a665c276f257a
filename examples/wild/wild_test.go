package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/cli"
)

// The tests call the command, which runs each scenario in a child process of the test binary.
func TestMain(m *testing.M) {
	cli.Child(catalogue())
	os.Exit(m.Run())
}

// document is the track record. Its rows say what these libraries fail.
const document = "../../docs/track-record.md"

// finding is a row of the track record: a command, and what fails in each of its scenarios.
type finding struct {
	manager, engine string
	scenarios       []string
	fails           []string // the names of the oracles; in brackets if chance decides
}

// findings reads the rows of the track record that have a command of this module.
func findings(t *testing.T) []finding {
	t.Helper()
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	var list []finding
	for line := range strings.Lines(string(text)) {
		_, after, ok := strings.Cut(line, "`go -C examples/wild run . run ")
		if !ok || !strings.HasPrefix(line, "|") {
			continue
		}
		command, _, _ := strings.Cut(after, "`")
		f := finding{engine: "virtual"}
		words := strings.Fields(command)
		for i := 0; i < len(words); i++ {
			switch words[i] {
			case "--manager":
				i++
				f.manager = words[i]
			case "--engine":
				i++
				f.engine = words[i]
			default:
				f.scenarios = append(f.scenarios, words[i])
			}
		}
		if len(f.scenarios) == 0 {
			f.scenarios = names(catalogue().Scenarios)
		}
		cells := strings.Split(line, "|")
		require.Greater(t, len(cells), 3, line)
		for name := range strings.SplitSeq(cells[3], ",") {
			f.fails = append(f.fails, strings.TrimSpace(name))
		}
		list = append(list, f)
	}
	require.NotEmpty(t, list)
	return list
}

func names(scenarios []harness.Scenario) []string {
	var all []string
	for _, s := range scenarios {
		all = append(all, s.Name)
	}
	return all
}

// notJudged stands in the track record and in the results of run for a run without verdicts.
const notJudged = "not judged"

// The track record says exactly what each library fails, by which oracle: its rows are compared with a run of all scenarios.
func TestTheTrackRecordSaysWhatEachLibraryFails(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what takes minutes")
	}
	all := findings(t)
	for _, c := range libraries() {
		t.Run(c.Name, func(t *testing.T) {
			rows := slices.DeleteFunc(slices.Clone(all), func(f finding) bool { return f.manager != c.Name })
			require.NotEmpty(t, rows, "a library without a row")
			if rows[0].engine == "virtual" {
				t.Parallel() // what runs in real time has the machine to itself
			}
			for scenario, failed := range run(t, "run", "--manager", c.Name, "--engine", rows[0].engine) {
				must, may := expected(t, rows, scenario)
				// Where chance decides whether a run can be judged, one of these must be.
				for again := 0; again < 8 && slices.Contains(failed, notJudged) && slices.Contains(may, notJudged); again++ {
					failed = run(t, "run", scenario, "--manager", c.Name, "--engine", rows[0].engine)[scenario]
				}
				require.Subset(t, failed, must, scenario)
				require.Subset(t, append(must, may...), failed, scenario)
			}
		})
	}
}

// expected returns what must fail in a scenario by the rows of a library, and what may.
func expected(t *testing.T, rows []finding, scenario string) (must, may []string) {
	t.Helper()
	for _, f := range rows {
		require.Equal(t, rows[0].engine, f.engine, "the rows of %s name two engines", f.manager)
		require.Subset(t, names(catalogue().Scenarios), f.scenarios)
		if !slices.Contains(f.scenarios, scenario) {
			continue
		}
		for _, name := range f.fails {
			if chance, ok := strings.CutPrefix(name, "("); ok {
				may = append(may, strings.TrimSuffix(chance, ")"))
			} else {
				must = append(must, name)
			}
		}
	}
	return must, may
}

// The manager of this repository passes what the libraries fail, also the scenarios that only this module has.
func TestTheReferenceManagerPasses(t *testing.T) {
	for scenario, fails := range run(t, append([]string{"run", "--manager", "reference"}, names(ours())...)...) {
		require.Empty(t, fails, scenario)
	}
}

// run carries out a command and returns what failed, by scenario: the names of oracles, or that the run was not judged. It leaves out scenarios that
// are not asked of the manager. Scenarios that were not judged because the machine stalled are run twice more at most.
func run(t *testing.T, args ...string) map[string][]string {
	t.Helper()
	failed, stalled := once(t, args...)
	flags := slices.DeleteFunc(slices.Clone(args), func(word string) bool { return slices.Contains(names(catalogue().Scenarios), word) })
	for again := 0; again < 2 && len(stalled) > 0; again++ {
		t.Logf("repeated, since the machine stalled: %v", stalled)
		var repeated map[string][]string
		repeated, stalled = once(t, append(slices.Clone(flags), stalled...)...)
		maps.Copy(failed, repeated)
	}
	return failed
}

// once is run without repetitions. stalled are the scenarios that were not judged because the machine stalled.
func once(t *testing.T, args ...string) (failed map[string][]string, stalled []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "results")
	var out bytes.Buffer
	cli.Execute(t.Context(), catalogue(), append(args, "--json", file), &out, &out)
	results, err := os.ReadFile(file)
	require.NoError(t, err, out.String())
	failed = map[string][]string{}
	for line := range strings.Lines(string(results)) {
		var r struct {
			Scenario, Outcome, Cause string
			Verdicts                 []struct{ Oracle, Outcome string }
		}
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		if r.Outcome == "not asked" { // it is about managers that own things
			continue
		}
		failed[r.Scenario] = nil
		if r.Outcome == notJudged {
			failed[r.Scenario] = []string{r.Outcome}
			if strings.Contains(r.Cause, "the machine kept goroutines waiting") {
				stalled = append(stalled, r.Scenario)
			}
		}
		for _, v := range r.Verdicts {
			if v.Outcome == "failed" {
				failed[r.Scenario] = append(failed[r.Scenario], v.Oracle)
			}
		}
	}
	require.NotEmpty(t, failed, out.String())
	return failed, stalled
}
