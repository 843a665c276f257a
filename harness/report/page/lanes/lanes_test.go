package lanes_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/page/internal/sample"
	"github.com/stormwatch/stormwatch/harness/report/page/lanes"
)

func drawn(t *testing.T, r report.Run, o lanes.Options) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, lanes.Draw(&b, r, o))
	return b.String()
}

// tips are what the picture says under the pointer, in the order in which it is drawn.
func tips(picture string) (list []string) {
	for _, found := range regexp.MustCompile(`data-tip="([^"]*)"`).FindAllStringSubmatch(picture, -1) {
		list = append(list, found[1])
	}
	return list
}

// position is the number that an expression finds in a picture.
func position(t *testing.T, picture, expression string) int {
	t.Helper()
	found := regexp.MustCompile(expression).FindStringSubmatch(picture)
	require.NotNil(t, found, expression)
	n, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return n
}

// requireWellFormed requires that every element of a picture is closed, and that every pattern that one refers to is there.
func requireWellFormed(t *testing.T, picture string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(picture))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
	for _, found := range regexp.MustCompile(`url\(#([^)]*)\)`).FindAllStringSubmatch(picture, -1) {
		require.Contains(t, picture, `id="`+found[1]+`"`)
	}
}

func TestALeaderThatOthersHaveReplacedIsDrawnAsOneThatBelievesItLeads(t *testing.T) {
	picture := drawn(t, sample.HungLeader(), lanes.Options{})
	requireWellFormed(t, picture)
	require.Contains(t, picture, `<rect class="role leads" x="1000" y="`)
	require.Regexp(t, `<rect class="role believes" fill="url\(#lanes-stale\)" x="3500" y="\d+" width="16500"`, picture)
	require.Contains(t, tips(picture), "m1 still believes it leads")
	require.Contains(t, tips(picture), "HangDisk(alpha/m1): m1 is hung")
	require.Contains(t, picture, ">hung, still believes it leads</text>")
}

func TestAFaultIsDrawnOnTheMembersThatItNames(t *testing.T) {
	r := sample.HungLeader()
	r.Record.Faults[0].Text, r.Record.Faults[0].Members = "Isolate(alpha/m1)", []string{"m1", "m2", "m3"}
	picture := tips(drawn(t, r, lanes.Options{}))
	require.Contains(t, picture, "Isolate(alpha/m1): m1 is cut off")
	require.NotContains(t, picture, "Isolate(alpha/m1): m2 is cut off")
	r.Record.Faults[0].Text = "LoseQuorum(alpha)"
	require.Contains(t, tips(drawn(t, r, lanes.Options{})), "LoseQuorum(alpha): m2 is down")
}

func TestTheTimeAboveTheAllowanceIsMarked(t *testing.T) {
	picture := drawn(t, sample.HungLeader(), lanes.Options{})
	require.Contains(t, picture, `<path class="over" d="M15350 `)
	require.Contains(t, picture, ">✗ freshness 15.35s</text>")
	require.NotContains(t, drawn(t, sample.Recovers(), lanes.Options{}), `class="over"`)
}

func TestAWatchThatMovedSaysWhereToAndWhy(t *testing.T) {
	picture := drawn(t, sample.Recovers(), lanes.Options{})
	require.Contains(t, tips(picture), "watch of /services/ on m2: m1 fell behind")
	require.Contains(t, picture, `data-long="on m2 · m1 fell behind"`)
	require.Contains(t, tips(picture), "the watch sits on a member that is hung")
}

func TestAViewThatStoodStillIsMarkedOnlyIfItBecameStale(t *testing.T) {
	require.Contains(t, tips(drawn(t, sample.HungLeader(), lanes.Options{})), "the view stood still for 18s")
	quiet := sample.HungLeader()
	for i := range quiet.Record.Staleness {
		quiet.Record.Staleness[i].Points = [][2]float64{{sample.Start, 0}, {sample.End, 0}}
	}
	require.NotContains(t, drawn(t, quiet, lanes.Options{}), "stood still")
}

func TestTheCauseOfAShrunkFailureIsMarked(t *testing.T) {
	r := sample.HungLeader()
	r.Inevitable = &report.Inevitable{At: 2600, Text: "after this it fails"}
	require.Contains(t, drawn(t, r, lanes.Options{}), `<path class="mark cause" d="M2600 `)
}

func TestAPictureAloneHasItsStyleAndOneOfAPageHasNone(t *testing.T) {
	alone := drawn(t, sample.HungLeader(), lanes.Options{Standalone: true})
	requireWellFormed(t, alone)
	require.Contains(t, alone, "<style>")
	require.NotContains(t, drawn(t, sample.HungLeader(), lanes.Options{}), "<style>")
	require.NotContains(t, alone, " style=", "a strict policy forbids it")
}

func TestTheSameRunGivesTheSamePicture(t *testing.T) {
	require.Equal(t, drawn(t, sample.HungLeader(), lanes.Options{}), drawn(t, sample.HungLeader(), lanes.Options{}))
}

func TestTextsOfARunAreEscaped(t *testing.T) {
	r := sample.HungLeader()
	r.Record.Clusters[1].Members[0] = `m1"><script>`
	r.Record.Watches[0].Why = `<&">`
	r.Scenario = "</title>"
	requireWellFormed(t, drawn(t, r, lanes.Options{}))
}

func TestWithManyClustersQuietOnesAreFolded(t *testing.T) {
	r := sample.HungLeader()
	for _, name := range []string{"c", "d", "e"} {
		r.Record.Clusters = append(r.Record.Clusters, report.Cluster{Name: name, Members: []string{"m1"}})
	}
	picture := drawn(t, r, lanes.Options{})
	require.Equal(t, 3, strings.Count(picture, `<text class="name" x="128" y="`)-strings.Count(picture, ">manager says<")-strings.Count(picture, ">committed ▲<")-
		strings.Count(picture, ">seen ▼<")-strings.Count(picture, ">staleness<"), "the members of alpha alone")
	require.Less(t, strings.Index(picture, ">alpha<"), strings.Index(picture, ">beta<"), "the cluster that was hurt comes first")
}

func TestARunWithoutARecordHasAnEmptyPicture(t *testing.T) {
	requireWellFormed(t, drawn(t, report.Run{Scenario: "s"}, lanes.Options{}))
	_, _, ok := lanes.Focus(report.Run{})
	require.False(t, ok)
}

func TestTheFocusShowsTheFaultAndTheViolation(t *testing.T) {
	from, to, ok := lanes.Focus(sample.HungLeader())
	require.True(t, ok)
	require.Less(t, from, float64(sample.Hangs))
	require.Greater(t, to, float64(sample.Heals))
	require.Less(t, to, float64(sample.End))
}

func TestTheSentenceSaysWhatStoodStillAndWhoLed(t *testing.T) {
	require.Equal(t, "Failed (freshness). The view of alpha was stale from 3.50s and staler than allowed from 15.35s, up to 16.5s stale: "+
		"its watch sat on m1, hung since 2.00s, which still believed that it led; m2 led from 3.50s; the manager said “up to date”.", lanes.Sentence(sample.HungLeader()))
	require.Equal(t, "Passed. The longest recovery took 3s of the 13.35s allowed; no view was ever staler than 1.5s (alpha).", lanes.Sentence(sample.Recovers()))
	require.Equal(t, "Not judged: disk full.", lanes.Sentence(report.Run{Outcome: "not judged", Cause: "disk full."}))
}

func TestTheWordsSayWhatThePictureShows(t *testing.T) {
	words := lanes.Words(sample.HungLeader())
	require.Contains(t, words, "alpha/m1: leads from 1.00s to 3.50s; still believes it leads from 3.50s to 20.00s; follows from 20.00s to 60.00s; HangDisk(alpha/m1) from 2.00s to 20.00s.")
	require.Contains(t, words, "alpha: the view was staler than allowed from 15.35s to 20.00s.")
	require.Contains(t, words, "beta: the view was never staler than allowed.")
}
