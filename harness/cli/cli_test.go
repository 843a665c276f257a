package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/replay"
)

func TestListNamesEverything(t *testing.T) {
	c := call(t.Context(), "list")
	require.Equal(t, exitPassed, c.code)
	require.Regexp(t, `(?m)^hung-leader +The leader's disk hangs\.$`, c.stdout)
	require.Regexp(t, `(?m)^ +\(May 2026\)$`, c.stdout)
	require.NotContains(t, c.stdout, "()", "by-luck stands for no incident")
	c = call(t.Context(), "list", "--managers")
	require.Equal(t, exitPassed, c.code)
	require.Regexp(t, `(?m)^watching +counters +A read and a watch\.$`, c.stdout)
	c = call(t.Context(), "list", "--workloads")
	require.Equal(t, exitPassed, c.code)
	require.Regexp(t, `\Acounters +One key that counts up\. +\(facts: counter\)\n\z`, c.stdout)
	c = call(t.Context(), "list", "--faults")
	require.Equal(t, exitPassed, c.code)
	for _, d := range fault.All() {
		require.Contains(t, c.stdout, d.Usage+"\n")
		require.Contains(t, c.stdout, d.About)
	}
}

func TestWrongUseIsExplained(t *testing.T) {
	dir := t.TempDir()
	existing := filepath.Join(dir, "results.json")
	require.NoError(t, os.WriteFile(existing, []byte("precious"), 0o600))
	notASchedule := filepath.Join(dir, "notes.txt")
	require.NoError(t, os.WriteFile(notASchedule, []byte("HangDisk(alpha/leader)\nbuy milk\n"), 0o600))
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"scenario":          {[]string{"run", "hung-leader-disk", "--json", existing}, `no scenario is called "hung-leader-disk"; the nearest: hung-leader`},
		"manager":           {[]string{"run", "--manager", "poling", "--json", existing}, `no manager is called "poling"; the nearest: polling`},
		"workload":          {[]string{"run", "--workload", "tidb", "--json", existing}, `the polling manager cannot be run with the workload "tidb"; it can be with [counters]`},
		"engine":            {[]string{"run", "--engine", "embeded", "--json", existing}, `no engine is called "embeded"; there are virtual, embedded and all`},
		"seed":              {[]string{"run", "--seed", "soon"}, `invalid argument "soon" for "--seed"`},
		"seeds":             {[]string{"run", "--seeds", "100"}, "want the first and the last seed, such as 1-100"},
		"seed and seeds":    {[]string{"run", "--seed", "1", "--seeds", "1-100"}, "[seed seeds]"},
		"limit":             {[]string{"run", "--within", "HungDisk=3s"}, `no fault is called "HungDisk"; the nearest: HangDisk`},
		"transcript":        {[]string{"run", "--transcript=long"}, "--transcript=long: want nothing, or full"},
		"flag":              {[]string{"run", "--fast"}, "unknown flag: --fast; see cli.test run --help"},
		"command":           {[]string{"rum"}, `unknown command "rum"`},
		"list of things":    {[]string{"list", "things"}, `list takes no argument, and got "things"; see cli.test list --help`},
		"two lists":         {[]string{"list", "--managers", "--faults"}, "[managers faults workloads]"},
		"unwritable file":   {[]string{"run", "--json", filepath.Join(dir, "no", "such", "folder")}, "--json: open"},
		"no schedule":       {[]string{"try"}, "try needs the file of a schedule, - for the standard input, or a schedule such as"},
		"no file":           {[]string{"try", "incident.txt"}, `no file is called "incident.txt", and it is no schedule; want a file, or a step such as`},
		"a wrong file":      {[]string{"try", notASchedule}, "schedule " + notASchedule + `: line 2: no action is called "buy milk"`},
		"a wrong schedule":  {[]string{"try", "HangDisk(gamma/leader)"}, `HangDisk(gamma/leader): no cluster is called "gamma"; there are alpha, beta`},
		"an empty schedule": {[]string{"try", "cluster alpha 3;"}, "the schedule has no step and no until"},
		"a folder":          {[]string{"try", dir}, "is a directory"},
		"a matrix's row":    {[]string{"matrix", "--scenario", "hung", "--json", existing}, `no scenario is called "hung"; the nearest: hung-leader`},
		"a matrix's column": {[]string{"matrix", "--manager", "poling", "--json", existing}, `no manager is called "poling"; the nearest: polling`},
		"matrix workload":   {[]string{"matrix", "--workload", "tidb", "--json", existing}, `cannot be run with the workload "tidb"`},
		"runs":              {[]string{"bench", "--runs", "0"}, "--runs 0: want at least 1"},
		"case":              {[]string{"bench", "--case", "hung"}, `no case is called "hung"; the nearest: hung-leader-disk`},
		"benched manager":   {[]string{"bench", "--manager", "nobody"}, `no manager is called "nobody"`},
		"how much":          {[]string{"soak"}, "say how much: --seeds 1-1000, or --for 8h, or both"},
		"no time":           {[]string{"soak", "--for", "0s"}, "--for 0s: want more than nothing"},
		"shard":             {[]string{"soak", "--seeds", "1-2", "--shard", "4/4"}, `shard "4/4": want a number from 0 on and how many there are`},
		"two engines":       {[]string{"soak", "--seeds", "1-2", "--engine", "all"}, "--engine all: want one engine"},
		"soaked manager":    {[]string{"soak", "--seeds", "1-2", "--manager", "poling"}, `no manager is called "poling"; the nearest: polling`},
		"workers":           {[]string{"soak", "--seeds", "1-2", "--workers", "-1"}, "--workers and --limit: want more than nothing"},
		"a full directory":  {[]string{"soak", "--seeds", "1-2", "--out", dir}, dir + " is not empty: use --resume to go on with the soak in it"},
		"no soak's":         {[]string{"soak", "--seeds", "1-2", "--out", dir, "--resume"}, dir + " has no soak.json: it is not the directory of a soak"},
		"nothing to merge":  {[]string{"merge"}, "merge needs the directories of a soak, or of its shards"},
		"no soak to merge":  {[]string{"merge", dir}, dir + " is not the directory of a soak"},
		"no known failures": {[]string{"merge", dir, "--known", filepath.Join(dir, "none")}, "--known: open"},
		"topic":             {[]string{"help", "rum"}, `no command is called "rum"; the nearest: run`},
		"shell":             {[]string{"completion", "tcsh"}, `no shell is called "tcsh"; the nearest: `},
		"two schedules":     {[]string{"try", "HangDisk(alpha/leader)", "for", "30s"}, "an argument with spaces needs quotes"},
		"fault":             {[]string{"bench", "--fault", "HangDisk"}, "--fault: fault \"HangDisk\": want HangDisk(a member"},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t.Context(), c.args...)
			require.Equal(t, exitUsage, got.code, got.stderr)
			require.Contains(t, got.stderr, c.want)
			require.Empty(t, got.stdout)
		})
	}
	kept, err := os.ReadFile(existing)
	require.NoError(t, err)
	require.Equal(t, "precious", string(kept), "a call that could not run wrote over a file")
}

func TestACatalogueOfWhichNoCommandCanBeMadeIsRefused(t *testing.T) {
	m := catalogue().Candidates[0]
	idle := m
	idle.Name, idle.Workloads = "idle", nil
	calm := catalogue().Scenarios[0]
	for want, c := range map[string]Catalogue{
		"the catalogue has no candidate: cli.Main needs at least one manager to test": {},
		"candidate idle names no workload":                                            {Candidates: []harness.Candidate{m, idle}},
		`two candidates are called "polling"`:                                         {Candidates: []harness.Candidate{m, m}},
		`two scenarios are called "calm"`:                                             {Candidates: []harness.Candidate{m}, Scenarios: []harness.Scenario{calm, calm}},
		"this command's catalogue has no scenario:":                                   {Candidates: []harness.Candidate{m}},
	} {
		var out, err bytes.Buffer
		require.Equal(t, exitUsage, Execute(t.Context(), c, []string{"run"}, &out, &err))
		require.Contains(t, err.String(), want)
	}
}

func TestVersionSaysWhichBuildItIs(t *testing.T) {
	c := call(t.Context(), "version")
	require.Equal(t, exitPassed, c.code)
	require.Contains(t, c.stdout, "etcd 3.")
	if replay.Built() {
		require.Contains(t, c.stdout, "replay build")
	} else {
		require.Contains(t, c.stdout, "plain build")
	}
	require.Equal(t, c, call(t.Context(), "--version"))
}

func TestOverlayWritesWhereItIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "overlay")
	c := call(t.Context(), "overlay", dir)
	require.Equal(t, exitPassed, c.code, c.stderr)
	require.Equal(t, filepath.Join(dir, "overlay.json")+"\n", c.stdout)
	require.FileExists(t, filepath.Join(dir, "overlay.json"))
	c = call(t.Context(), "overlay")
	require.Equal(t, exitUsage, c.code)
	require.Contains(t, c.stderr, "overlay needs a directory to write to, such as .build/overlay")
}
