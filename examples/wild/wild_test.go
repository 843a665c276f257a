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
	args      []string // the arguments of the command, from "run" on
	manager   string
	engine    string
	scenarios []string
	fails     []string // the names of the oracles, or "not judged"
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
		f := finding{args: append([]string{"run"}, strings.Fields(command)...), engine: "virtual"}
		for i := 1; i < len(f.args); i++ {
			switch f.args[i] {
			case "--manager":
				i++
				f.manager = f.args[i]
			case "--engine":
				i++
				f.engine = f.args[i]
			default:
				f.scenarios = append(f.scenarios, f.args[i])
			}
		}
		if len(f.scenarios) == 0 {
			f.scenarios = allScenarios()
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

func allScenarios() []string { return names(catalogue().Scenarios) }

func names(scenarios []harness.Scenario) []string {
	var all []string
	for _, s := range scenarios {
		all = append(all, s.Name)
	}
	return all
}

// The track record says exactly what each library fails, by which oracle: its rows are compared with a run of all scenarios.
func TestTheTrackRecordSaysWhatEachLibraryFails(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what takes minutes")
	}
	want := map[string]map[string]map[string]bool{} // by library, scenario and oracle
	engines := map[string]string{}
	for _, f := range findings(t) {
		if want[f.manager] == nil {
			want[f.manager] = map[string]map[string]bool{}
		}
		require.Contains(t, []string{"", f.engine}, engines[f.manager], "the rows of %s name two engines", f.manager)
		engines[f.manager] = f.engine
		for _, s := range f.scenarios {
			require.Contains(t, allScenarios(), s)
			if want[f.manager][s] == nil {
				want[f.manager][s] = map[string]bool{}
			}
			for _, oracle := range f.fails {
				want[f.manager][s][oracle] = true
			}
		}
	}
	for _, c := range libraries() {
		t.Run(c.Name, func(t *testing.T) {
			require.Contains(t, want, c.Name, "a library without a row")
			for scenario, fails := range run(t, "run", "--manager", c.Name, "--engine", engines[c.Name]) {
				require.ElementsMatch(t, slices.Collect(maps.Keys(want[c.Name][scenario])), fails, scenario)
			}
		})
	}
}

// The manager of this repository passes what the libraries fail, also the scenarios that only this module has.
func TestTheReferenceManagerPasses(t *testing.T) {
	for scenario, fails := range run(t, append([]string{"run", "--manager", "reference"}, names(ours())...)...) {
		require.Empty(t, fails, scenario)
	}
}

// run carries out a command and returns what failed, by scenario: the names of oracles, or that the run was not judged.
func run(t *testing.T, args ...string) map[string][]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "results")
	var out bytes.Buffer
	cli.Execute(t.Context(), catalogue(), append(args, "--json", file), &out, &out)
	results, err := os.ReadFile(file)
	require.NoError(t, err, out.String())
	failed := map[string][]string{}
	for line := range strings.Lines(string(results)) {
		var r struct {
			Scenario, Outcome string
			Verdicts          []struct{ Oracle, Outcome string }
		}
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		failed[r.Scenario] = nil
		if r.Outcome == "not judged" {
			failed[r.Scenario] = []string{r.Outcome}
		}
		for _, v := range r.Verdicts {
			if v.Outcome == "failed" {
				failed[r.Scenario] = append(failed[r.Scenario], v.Oracle)
			}
		}
	}
	require.NotEmpty(t, failed, out.String())
	return failed
}
