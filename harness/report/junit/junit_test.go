package junit

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/report"
)

// schema is what the schema of Jenkins (junit-10.xsd) allows in each element: attributes, those that must be there, and children. What only Maven or Ant
// know is left out.
var schema = map[string]struct{ attributes, required, children []string }{
	"": {children: []string{"testsuites"}},
	"testsuites": {
		attributes: []string{"name", "time", "tests", "failures", "disabled", "errors", "skipped"}, // GitLab and others write and read skipped here too
		children:   []string{"testsuite"},
	},
	"testsuite": {
		attributes: []string{"name", "tests", "failures", "errors", "time", "disabled", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
		required:   []string{"name", "tests", "failures", "errors"},
		children:   []string{"properties", "testcase", "system-out", "system-err"},
	},
	"testcase": {
		attributes: []string{"name", "assertions", "time", "classname", "status", "class", "file", "line", "log", "group", "url"},
		required:   []string{"name", "classname"},
		children:   []string{"skipped", "error", "failure", "system-out", "system-err"},
	},
	"failure": {attributes: []string{"type", "message"}, required: []string{"message"}},
	"error":   {attributes: []string{"type", "message"}, required: []string{"message"}},
	"skipped": {attributes: []string{"type", "message"}},
}

// requireValid goes through a document and requires that the schema allows all of it.
func requireValid(t *testing.T, document []byte) {
	t.Helper()
	in := xml.NewDecoder(bytes.NewReader(document))
	in.Strict = true
	path := []string{""}
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
		parent := path[len(path)-1]
		switch e := token.(type) {
		case xml.StartElement:
			require.Contains(t, schema[parent].children, e.Name.Local, "in %q", parent)
			allowed := schema[e.Name.Local]
			var have []string
			for _, a := range e.Attr {
				require.Contains(t, allowed.attributes, a.Name.Local, e.Name.Local)
				have = append(have, a.Name.Local)
				switch a.Name.Local {
				case "tests", "failures", "errors", "skipped":
					_, err = strconv.ParseUint(a.Value, 10, 32)
				case "time":
					require.Regexp(t, `^\d+\.\d{3}$`, a.Value)
				}
				require.NoError(t, err)
			}
			for _, name := range allowed.required {
				require.Contains(t, have, name, e.Name.Local)
			}
			path = append(path, e.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if slices.Contains([]string{"testsuites", "testsuite", "testcase"}, parent) {
				require.Empty(t, bytes.TrimSpace(e), "text in %s", parent)
			}
		}
	}
}

func write(t *testing.T, runs ...report.Run) string {
	t.Helper()
	var r Report
	for _, run := range runs {
		r.Add(run)
	}
	var b bytes.Buffer
	require.NoError(t, r.Write(&b))
	requireValid(t, b.Bytes())
	return b.String()
}

// runs are one of each outcome, of two managers.
func runs() []report.Run {
	run := report.Run{Scenario: "hung-leader", Engine: "virtual", Manager: "mine", Seed: 3, Outcome: record.Passed, Wall: 1234.5678}
	failed := run
	failed.Seed, failed.Outcome, failed.Again, failed.Wall = 4, record.Failed, "stormwatch run hung-leader --seed 4", 1000
	failed.Verdicts = []record.Verdict{
		{Oracle: "gentleness", Outcome: record.Passed},
		{Oracle: "freshness", Outcome: record.Failed, Evidence: "alpha was stale <for 5s> & more\nthe view showed \x00"},
		{Oracle: "leaks", Outcome: record.Failed, Evidence: "a goroutine"},
	}
	shrunk := failed
	shrunk.Verdicts, shrunk.Schedule = failed.Verdicts[:2], "5s for 30s HangDisk(alpha/leader)\n"
	shrunk.Inevitable = &report.Inevitable{At: 9100, Text: "healing later does not help"}
	skipped := run
	skipped.Scenario, skipped.Outcome, skipped.Cause = "owner-frozen", record.NotAsked, "the workload has nothing to own"
	unjudged := run
	unjudged.Manager, unjudged.Outcome, unjudged.Cause, unjudged.Again = "other", record.NotJudged, "the disk is full\nwrite: no space", "stormwatch run"
	return []report.Run{run, failed, shrunk, skipped, unjudged}
}

func TestASuitePerManagerHasACasePerRun(t *testing.T) {
	require.Equal(t, `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="stormwatch" tests="5" failures="2" errors="1" skipped="1" time="5.704">
  <testsuite name="mine on virtual" tests="4" failures="2" errors="0" skipped="1" time="4.469">
    <testcase classname="stormwatch.virtual.mine" name="hung-leader, seed 3" time="1.235"></testcase>
    <testcase classname="stormwatch.virtual.mine" name="hung-leader, seed 4" time="1.000">
      <failure message="freshness: alpha was stale &lt;for 5s&gt; &amp; more (and 1 more)" type="freshness">`+
		"freshness: alpha was stale &lt;for 5s&gt; &amp; more&#xA;the view showed \uFFFD&#xA;leaks: a goroutine&#xA;again: stormwatch run hung-leader --seed 4"+
		`</failure>
    </testcase>
    <testcase classname="stormwatch.virtual.mine" name="hung-leader, seed 4, shrunk" time="1.000">
      <failure message="freshness: alpha was stale &lt;for 5s&gt; &amp; more" type="freshness">`+
		"freshness: alpha was stale &lt;for 5s&gt; &amp; more&#xA;the view showed \uFFFD&#xA;inevitable since 9.100s: healing later does not help"+
		"&#xA;again: stormwatch run hung-leader --seed 4&#xA;&#xA;5s for 30s HangDisk(alpha/leader)"+
		`</failure>
    </testcase>
    <testcase classname="stormwatch.virtual.mine" name="owner-frozen, seed 3" time="1.235">
      <skipped message="the workload has nothing to own"></skipped>
    </testcase>
  </testsuite>
  <testsuite name="other on virtual" tests="1" failures="0" errors="1" skipped="0" time="1.235">
    <testcase classname="stormwatch.virtual.other" name="hung-leader, seed 3" time="1.235">
      <error message="the disk is full" type="not judged">the disk is full&#xA;write: no space&#xA;again: stormwatch run</error>
    </testcase>
  </testsuite>
</testsuites>
`, write(t, runs()...))
}

func TestCasesOfTheSameNameAreTold(t *testing.T) {
	text := write(t, runs()[2], runs()[2], runs()[1])
	for _, name := range []string{"hung-leader, seed 4, shrunk", "hung-leader, seed 4, shrunk (2)", "hung-leader, seed 4"} {
		require.Contains(t, text, `name="`+name+`"`)
	}
}

func TestNoRunsAreAValidDocument(t *testing.T) {
	require.Contains(t, write(t), `<testsuites name="stormwatch" tests="0"`)
}

func TestADotInAManagersNameMakesNoPackage(t *testing.T) {
	require.Contains(t, write(t, report.Run{Manager: "v1.2", Engine: "embedded", Outcome: record.Passed}), `classname="stormwatch.embedded.v1_2"`)
}

func TestADocumentThatCannotBeWrittenIsAnError(t *testing.T) {
	var r Report
	for _, run := range runs() {
		r.Add(run)
	}
	for room := range 3 {
		require.ErrorContains(t, r.Write(&full{room: 50 * room}), "write the runs as JUnit XML: no space")
	}
}

// full is a writer that has little room.
type full struct{ room int }

func (f *full) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errors.New("no space")
	}
	return len(b), nil
}
