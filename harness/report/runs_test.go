package report

import (
	"bytes"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

// aResult is that of a run of ten seconds in which alpha's only update of 2 s was shown at 5 s, in spite of a fault.
func aResult() *harness.Result {
	at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	subject := record.Subject{Kind: "thing", Name: "t"}
	rec := &record.Record{
		Timing: bound.Production(), Clusters: []record.Cluster{{Name: "alpha", Members: []string{"m1", "m2"}, Gone: []string{"m2"}}},
		ManagerStart: 0, ManagerReady: at(1), ManagerClose: at(9), ManagerClosed: at(9.5), End: at(10),
		Tenures: []record.Tenure{{Cluster: "alpha", From: 0, To: -1}},
		Commits: []record.Commit{{Begun: at(1.9), At: at(2), Cluster: "alpha", Subject: subject, Value: "1", Revision: 7}},
		Views:   []record.View{{At: at(5), Cluster: "alpha", Revision: 7, Changes: []record.Change{{Subject: subject, Value: "1"}}}},
		Leaders: []record.Leader{{At: 0, Cluster: "alpha", Member: "m1", Term: 2}},
		Faults: []record.Fault{{
			Text: "HangDisk(alpha/m1)", Scope: record.Scope{Cluster: "alpha", Members: []string{"m1"}}, From: at(1.5), To: -1,
			Allowance: record.Allowance{Name: "HungMember", Recovery: at(6), Lasting: at(0.2)},
		}, {Text: "Alarm(alpha)", Scope: record.Scope{Cluster: "alpha"}, From: at(3), To: at(4)}},
		Watches: []record.Watch{
			{ID: 1, Cluster: "alpha", Member: "m1", Key: "/k", Opened: at(0.5), Closed: at(4)},
			{ID: 2, Cluster: "alpha", Member: "m2", Key: "/k", Opened: at(4.5), Closed: -1},
		},
		Errors: []record.ViewError{{At: at(4), Cluster: "alpha", Text: "watch is stale"}},
	}
	return &harness.Result{
		Scenario: "calm", Engine: "virtual", Manager: "mine", Workload: "services", Seed: 3, Outcome: record.Failed, Recovery: -1, Bound: at(8),
		Verdicts: []record.Verdict{{Oracle: "freshness", Outcome: record.Failed, Evidence: "alpha: old", Cluster: "alpha", At: at(4.2)}},
		Again:    "stormwatch run calm", Record: rec,
	}
}

func TestARunHasWhatAPictureNeeds(t *testing.T) {
	r := NewRun(aResult(), "cluster alpha 1\n")
	require.Equal(t, Format, r.Format)
	require.Equal(t, -1.0, r.Recovery, "it never came")
	require.Equal(t, 8000.0, r.Bound)
	rec := r.Record
	require.Equal(t, 10000.0, rec.End)
	require.Equal(t, []Fault{
		{"HangDisk(alpha/m1)", "alpha", []string{"m1"}, 1500, -1, 0, "HungMember", 6000, 200}, {"Alarm(alpha)", "alpha", []string{"m1"}, 3000, 4000, 0, "", 0, 0},
	}, rec.Faults, "a fault of a whole cluster touches all members that are in it")
	require.Equal(t, []Watch{{"alpha", "m1", "/k", 500, 4000, ""}, {"alpha", "m2", "/k", 4500, -1, "watch is stale"}}, rec.Watches)
	require.Equal(t, []Violation{{4200, "alpha", "freshness"}}, rec.Violations)
	require.Equal(t, []Commit{{2000, "alpha", "thing t", "1", 7}}, rec.Commits)
	require.Equal(t, []View{{5000, "alpha", 7, []string{"thing t = 1"}}}, rec.Views)
	require.Len(t, rec.Staleness, 1)
	require.Contains(t, rec.Staleness[0].Points, [2]float64{5000, 3000}, "the update was three seconds old when it was shown")
	limits := rec.Staleness[0].Limits
	require.Equal(t, rec.Staleness[0].From, limits[0].From)
	require.Equal(t, rec.Staleness[0].To, limits[len(limits)-1].To)
	for i := range limits[1:] {
		require.Equal(t, limits[i].To, limits[i+1].From)
	}
	require.Equal(t, []Error{{4000, "alpha", "watch is stale", 0}}, rec.Errors)
	require.NotEmpty(t, rec.Transcript)
}

func TestListsAreNeverNull(t *testing.T) {
	r := aResult()
	r.Verdicts = nil
	r.Record = &record.Record{
		Clusters: []record.Cluster{{Name: "alpha", Members: []string{"m1"}}}, Tenures: []record.Tenure{{Cluster: "alpha", To: -1}},
		Faults: []record.Fault{{Text: "stormwatch/beta/m1/wal-save", Scope: record.Scope{Cluster: "beta"}, To: -1}}, Views: []record.View{{Cluster: "alpha"}},
	}
	var b bytes.Buffer
	require.NoError(t, Write(&b, NewRun(r, "")))
	require.NotContains(t, b.String(), "null")
}

func TestViolationsAreInTheOrderOfTime(t *testing.T) {
	r := aResult()
	r.Verdicts = append(r.Verdicts, record.Verdict{Oracle: "leaks", Outcome: record.Failed, At: time.Second}, record.Verdict{Oracle: "load", Outcome: record.Failed})
	require.Equal(t, []Violation{{1000, "", "leaks"}, {4200, "alpha", "freshness"}}, NewRun(r, "").Record.Violations, "that of load has no instant")
}

func TestARunThatCouldNotBeMadeHasNoRecord(t *testing.T) {
	r := harness.NotJudged(harness.Result{Scenario: "calm"}, harness.ErrNotServing)
	require.Nil(t, NewRun(r, "").Record)
}

func TestRunsAreReadAsTheyWereWritten(t *testing.T) {
	var b bytes.Buffer
	want := []Run{NewRun(aResult(), ""), NewRun(aResult(), "cluster alpha 1\n")}
	want[1].Inevitable = &Inevitable{4000, "from 4 s on"}
	for _, r := range want {
		require.NoError(t, Write(&b, r))
	}
	got, err := Read(&b)
	require.NoError(t, err)
	for i := range want {
		for j := range want[i].Verdicts {
			want[i].Verdicts[j].At = 0 // the violation has it
		}
	}
	require.Equal(t, want, got)
}

func TestABrokenRunIsNamedAndThoseBeforeItAreKept(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Write(&b, NewRun(aResult(), "")))
	good := b.String()
	for text, want := range map[string]string{
		good + good[:len(good)/2]:               "run 2 ends in the middle: what wrote it was killed",
		good + `{"scenario": "calm"}`:           `run 2: it has no format, want "stormwatch.run/1": it may be of --json, and not of --record`,
		good + `{"format": "stormwatch.run/2"}`: `run 2: its format is "stormwatch.run/2", and this program reads "stormwatch.run/1": it may be of a later version`,
		good + `{"format": "gherkin"}`:          `run 2: its format is "gherkin", want "stormwatch.run/1"`,
		good + `<html>`:                         "run 2: invalid character '<' looking for beginning of value",
	} {
		runs, err := Read(strings.NewReader(text))
		require.EqualError(t, err, want)
		require.Len(t, runs, 1)
	}
}

// TestEveryFieldIsDocumented: whoever reads the files with another language has only the document.
func TestEveryFieldIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/record-format.md")
	require.NoError(t, err)
	var named func(reflect.Type)
	named = func(of reflect.Type) {
		for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct {
			return
		}
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if name == "-" {
				continue
			}
			if of.Field(i).Anonymous { // its fields are written as if they stood here
				named(of.Field(i).Type)
				continue
			}
			require.NotEmpty(t, name, "%v.%s", of, of.Field(i).Name)
			require.Contains(t, string(text), "| `"+name+"` |", "%v.%s", of, of.Field(i).Name)
			named(of.Field(i).Type)
		}
	}
	named(reflect.TypeFor[Run]())
	require.Contains(t, string(text), Format)
}

// TestAFieldOfALaterProgramIsIgnored: within version 1 fields may be added, and then programs of both ages read the same files.
func TestAFieldOfALaterProgramIsIgnored(t *testing.T) {
	runs, err := Read(strings.NewReader(`{"format": "` + Format + `", "scenario": "calm", "mood": "fine", "verdicts": []}`))
	require.NoError(t, err)
	require.Equal(t, "calm", runs[0].Scenario)
}
