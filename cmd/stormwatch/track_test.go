package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/cli"
)

// trackRecord is the document whose first two parts are tested here. Its third part has a test in examples/wild.
const trackRecord = "../../docs/track-record.md"

// reproduction is a row of the track record: a command of this repository and what is said of it.
type reproduction struct {
	part    string
	command string        // without the program
	fails   []string      // the names of the oracles; in brackets if chance decides. Empty: nothing fails
	stale   time.Duration // how old an update became that the view did not show; zero: nothing is said
}

// reproductions reads the rows that have a command of this repository, by the heading above them.
func reproductions(t *testing.T) (rows []reproduction, tests []string) {
	t.Helper()
	text, err := os.ReadFile(trackRecord)
	require.NoError(t, err)
	part := ""
	for line := range strings.Lines(string(text)) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			part = strings.TrimSpace(heading)
		}
		if !strings.HasPrefix(line, "|") {
			continue
		}
		for _, quoted := range regexp.MustCompile("`[^`]*`").FindAllString(line, -1) {
			quoted = strings.Trim(quoted, "`")
			if strings.HasPrefix(quoted, "go test ") {
				tests = append(tests, quoted)
			}
			command, ok := strings.CutPrefix(quoted, "go run ./cmd/stormwatch ")
			if !ok {
				continue
			}
			cells := strings.Split(line, "|")
			require.Greater(t, len(cells), 4, line)
			r := reproduction{part: part, command: command}
			for name := range strings.SplitSeq(strings.TrimSpace(cells[3]), ", ") {
				if name != "nothing" {
					r.fails = append(r.fails, name)
				}
			}
			r.stale, _ = time.ParseDuration(strings.TrimSpace(cells[4]))
			rows = append(rows, r)
		}
	}
	return rows, tests
}

// words splits a command as a shell does. Words may be in single quotes.
func words(command string) []string {
	var list []string
	for _, w := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(command, -1) {
		list = append(list, strings.Trim(w, "'"))
	}
	return list
}

// The rows of the first two parts fail as they say, by the oracles that they name, and end with the exit status that the document names.
func TestTheTrackRecordSaysWhatItsCommandsShow(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what takes half a minute")
	}
	rows, tests := reproductions(t)
	parts, commands := map[string]bool{}, map[string]reproduction{}
	for _, r := range rows {
		parts[r.part] = true
		if other, twice := commands[r.command]; twice {
			require.Equal(t, other.fails, r.fails, r.command)
			continue
		}
		commands[r.command] = r
		t.Run(r.command, func(t *testing.T) {
			t.Parallel()
			requireReproduced(t, r)
		})
	}
	require.Len(t, parts, 2, "the first two parts have commands of this repository, and the third has not")
	require.NotEmpty(t, tests)
	for _, line := range tests {
		requireTest(t, line)
	}
}

func requireReproduced(t *testing.T, r reproduction) {
	file := filepath.Join(t.TempDir(), "results")
	var out bytes.Buffer
	code := cli.Execute(t.Context(), catalogue(), append(words(r.command), "--json", file), &out, &out)
	want := 1
	if len(r.fails) == 0 {
		want = 0
	}
	require.Equal(t, want, code, out.String())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var result struct {
		Verdicts     []struct{ Oracle, Outcome string }
		MaxStaleness float64 `json:"max_staleness_ms"`
	}
	require.NoError(t, json.Unmarshal(text, &result), "one scenario in one run")
	var failed, must, may []string
	for _, v := range result.Verdicts {
		if v.Outcome == "failed" {
			failed = append(failed, v.Oracle)
		}
	}
	for _, name := range r.fails {
		if chance, ok := strings.CutPrefix(name, "("); ok {
			may = append(may, strings.TrimSuffix(chance, ")"))
		} else {
			must = append(must, name)
		}
	}
	require.Subset(t, failed, must, out.String())
	require.Subset(t, append(slices.Clone(must), may...), failed, out.String())
	if r.stale > 0 {
		// The schedule decides how long it lasts. When the last update before it was written, chance decides.
		require.InDelta(t, r.stale.Seconds(), result.MaxStaleness/1000, 2)
	}
}

// requireTest checks that a line names a test that exists. Whether it passes, make test shows.
func requireTest(t *testing.T, line string) {
	t.Helper()
	w := words(line)
	require.Len(t, w, 5, line)
	require.Equal(t, []string{"go", "test"}, w[:2], line)
	require.Equal(t, "-run", w[3], line)
	files, err := filepath.Glob(filepath.Join("../..", w[2], "*_test.go"))
	require.NoError(t, err)
	found := slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		return strings.Contains(string(text), "\nfunc "+w[4]+"(t *testing.T)")
	})
	require.True(t, found, "no test is called %s in %s", w[4], w[2])
}
