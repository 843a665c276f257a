package lock_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes/lock"
	"github.com/stormwatch/stormwatch/harness"
)

func TestEachKeyBelowThePrefixIsAJob(t *testing.T) {
	require.Equal(t,
		harness.Facts{{Kind: lock.Job, Name: "import"}: "worker-1 since 1795000001"},
		lock.Workload().Facts(map[string]string{
			"/jobs/import":        "worker-1 since 1795000001",
			"/jobs/empty":         "",
			"/locks/backup/1f":    "manager 1",
			"/leaders/scheduler/": "manager 2",
		}))
}

func TestWhatManagersOwnIsNoFact(t *testing.T) {
	w := lock.Workload()
	require.NotEmpty(t, w.Things)
	for _, thing := range w.Things {
		require.True(t, strings.HasSuffix(thing.Prefix, "/"), thing.Prefix)
		require.Empty(t, w.Facts(map[string]string{thing.Prefix + "1f": "manager 1"}))
	}
}
