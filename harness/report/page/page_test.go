package page_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/page"
	"github.com/stormwatch/stormwatch/harness/report/page/internal/sample"
)

func written(t *testing.T, runs []report.Run, o page.Options) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, page.Write(&b, runs, o))
	return b.String()
}

func TestTheSameRunsGiveTheSamePage(t *testing.T) {
	require.Equal(t, written(t, sample.Many(20), page.Options{}), written(t, sample.Many(20), page.Options{}))
}

func TestNothingInARunEndsTheDataOrAddsAnElement(t *testing.T) {
	r := sample.HungLeader()
	evil := `</script><!-- <script>alert(1)</script> <img src=x>`
	r.Scenario, r.Manager, r.Again, r.Schedule = evil, evil, evil, evil
	r.Record.Transcript[0].Text = evil
	r.Record.Clusters[0].Name = evil
	text := written(t, []report.Run{r}, page.Options{Title: evil})
	require.Equal(t, 2, strings.Count(text, "</script>"), "the data and the script")
	require.NotContains(t, text, "<!--")
	head, _, _ := strings.Cut(text, `<script type="application/json"`)
	require.NotContains(t, head, "<img")
}

func TestAPageOfVeryManyRunsShowsFailuresAndASampleAndSaysSo(t *testing.T) {
	text := written(t, sample.Many(1000), page.Options{Most: 250})
	require.Contains(t, text, "1000 runs: 200 failed, 800 passed.")
	require.Contains(t, text, "This page shows 250 of the 1000 runs: every run that failed or was not judged (200), and an even sample of 50 of the 800 others.")
	require.Equal(t, 200, strings.Count(text, `data-verdict="failed"`))
	require.Equal(t, 50, strings.Count(text, `data-verdict="passed"`))

	text = written(t, sample.Many(1000), page.Options{Most: 100})
	require.Contains(t, text, "This page shows 100 of the 1000 runs: an even sample of the 200 that failed or were not judged, and none of the 800 others.")
	require.Equal(t, 100, strings.Count(text, `data-verdict="failed"`))
}

func TestTheSampleConsistsOfRunsWithPictures(t *testing.T) {
	runs := sample.Many(100)
	for i := range runs {
		if i >= 50 && runs[i].Outcome == "passed" {
			runs[i].Record = nil
		}
	}
	require.Equal(t, 40, strings.Count(written(t, runs, page.Options{Most: 40}), `"svg":`))
}

func TestRunsWithoutARecordHaveARow(t *testing.T) {
	text := written(t, []report.Run{{Scenario: "s", Outcome: "not judged", Cause: "disk full"}}, page.Options{})
	require.Contains(t, text, "Not judged: disk full.")
	require.Contains(t, written(t, nil, page.Options{}), "No runs.")
}

func TestThePageOfFiftyRunsIsSmall(t *testing.T) {
	require.Less(t, len(written(t, sample.Long(50), page.Options{})), 3_000_000)
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAnErrorOfTheFileIsReturned(t *testing.T) {
	require.ErrorContains(t, page.Write(broken{}, sample.Many(1), page.Options{}), "write the page of 1 runs: disk full")
}
