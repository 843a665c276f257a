package main

import (
	"cmp"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/cli"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// The tests call the command, which runs each scenario in a child process of the test binary.
func TestMain(m *testing.M) {
	cli.Child(catalogue())
	os.Exit(m.Run())
}

// The plain client fails the scenarios in which its member falls behind without an error, by the oracle that names this mistake, and keeps a dead
// connection. It passes all others, but for those in which luck decides.
func TestThePlainClientFailsWhereItsMemberFallsBehindWithoutAnError(t *testing.T) {
	mistakes := map[string]string{"cluster-blackholed": "gentleness", "hung-apply-of-the-others": "gentleness", "cluster-moved-while-cut-off": "gentleness"}
	for _, stale := range []string{
		"leader-isolated", "leader-deaf", "leader-unheard", "hung-leader-disk", "hung-then-moved-to-another-hung", "hung-follower-disk", "hung-apply",
		"hung-disk-and-restart-of-the-other", "member-frozen", "client-blackholed", "half-open-connection", "two-members-blackholed",
		"client-cut-off-with-minority", "back-one-by-one", "progress-answered-events-withheld", "watch-create-unanswered", "late-events",
		"quiet-then-frozen", "quiet-then-hung", "both-clusters-hurt", "revision-goes-back", "advertised-address-unreachable", hungAndBlackholed().Name,
	} {
		mistakes[stale] = "freshness"
	}
	// Which member gRPC draws, and how long its backoff is.
	byLuck := map[string]bool{"cluster-removed-while-hung": true, "compacted-while-away": true, "certificate-expired": true}
	for _, s := range catalogue().Scenarios {
		t.Run(s.Name, func(t *testing.T) {
			r := harness.Execute(t.Context(), virtual.New(t, 1), s, plain(), harness.Options{Seed: 1})
			mistake := mistakes[s.Name]
			if mistake == "" && (!byLuck[s.Name] || r.Outcome == record.Passed) {
				require.Contains(t, []record.Outcome{record.Passed, record.NotAsked}, r.Outcome, r.String())
				return
			}
			require.Equal(t, record.Failed, r.Outcome, r.String())
			require.Len(t, r.Failed(), 1, "one mistake is one verdict: %s", r)
			require.Equal(t, cmp.Or(mistake, "freshness"), r.Failed()[0].Oracle, r.String())
		})
	}
}

func TestTheGuardedClientPassesTheCatalogue(t *testing.T) {
	for _, s := range catalogue().Scenarios {
		t.Run(s.Name, func(t *testing.T) { harness.Run(t, virtual.New(t, 1), s, guarded(), harness.Options{Seed: 1}) })
	}
}

func TestTheCatalogueHasTheRepositorysScenariosAndOurs(t *testing.T) {
	require.Len(t, catalogue().Scenarios, len(scenarios.All())+1)
}
