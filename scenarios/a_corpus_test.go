package scenarios_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/schedule"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// go test runs the tests of a package in the order of its files' names, so the corpus is run first: what failed once is what fails next.

// corpus are the schedules that failed once, see the README there.
const corpus = "corpus"

func TestWhatFailedOnceDoesNotFailAgain(t *testing.T) {
	schedule.Corpus(t, os.DirFS(corpus), func(t *testing.T, s schedule.Schedule) {
		harness.Run(t, virtual.New(t, s.Run.Seed), s.Scenario(corpus), keptFor(t, s), harness.Options{Seed: s.Run.Seed, Workload: s.Run.Workload})
	})
}

func TestWhatIsCaughtIsCaughtAgain(t *testing.T) {
	schedule.Corpus(t, os.DirFS(filepath.Join(corpus, "caught")), func(t *testing.T, s schedule.Schedule) {
		require.NotEmpty(t, s.Run.Fails, "a caught schedule says which oracle fails")
		c := keptFor(t, s)
		r := harness.Execute(t.Context(), virtual.New(t, s.Run.Seed), s.Scenario(corpus), c, harness.Options{Seed: s.Run.Seed, Workload: s.Run.Workload})
		requireJudged(t, r)
		require.Contains(t, r.FailedOracles(), s.Run.Fails, r.String())
	})
}

// keptFor finds the manager that a schedule of the corpus is kept for. A schedule of the corpus tells its story.
func keptFor(t *testing.T, s schedule.Schedule) harness.Candidate {
	t.Helper()
	require.NotEmpty(t, s.About, "the story of the schedule")
	require.NotZero(t, s.Run.Seed)
	require.NotEmpty(t, s.Run.Workload)
	all := scenarios.Managers()
	i := slices.IndexFunc(all, func(c harness.Candidate) bool { return c.Name == s.Run.Manager })
	require.GreaterOrEqual(t, i, 0, "no manager is called %q", s.Run.Manager)
	return all[i]
}

func TestTheCorpusIsRunFirst(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	require.Equal(t, "a_corpus_test.go", files[0])
}
