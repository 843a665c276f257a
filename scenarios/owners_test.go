package scenarios_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/fakes/lock"
	owning "github.com/stormwatch/stormwatch/fakes/owners"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/oracle"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// competitions are the scenarios of two managers.
func competitions() []harness.Scenario {
	var list []harness.Scenario
	for _, s := range scenarios.All() {
		if s.Owners || s.Name == "two-managers-one-closes" {
			list = append(list, s)
		}
	}
	return list
}

func TestTheRightOwnerPassesWhateverHappensToIt(t *testing.T) {
	for _, s := range competitions() {
		t.Run(s.Name, func(t *testing.T) {
			requireClaims(t, harness.Run(t, virtual.New(t, 2), s, owning.Right(), brief(2)))
		})
	}
}

func TestTheRightOwnerPassesByTheWallClock(t *testing.T) {
	if testing.Short() {
		t.Skip("-short runs only what is in virtual time")
	}
	// Two managers have the machine to themselves: one that stalls would make a view stale, and its owner with it.
	for _, name := range []string{"owner-blackholed", "two-managers-one-closes"} {
		t.Run(name, func(t *testing.T) {
			requireClaims(t, harness.Run(t, embedded.Engine{}, named(t, name), owning.Right(), harness.Options{Seed: 2, Dir: t.TempDir()}))
		})
	}
}

// brief are the options of a run that ends soon after its scenario. The command make run has longer ones.
func brief(seed uint64) harness.Options {
	timing := bound.Production()
	timing.Stay = 0
	return harness.Options{Seed: seed, Timing: &timing}
}

// requireClaims fails the test if the oracle had nothing to judge.
func requireClaims(t *testing.T, r *harness.Result) {
	t.Helper()
	for _, v := range r.Verdicts {
		if v.Oracle == (oracle.OneOwner{}).Name() {
			require.Equal(t, record.Passed, v.Outcome, v)
		}
	}
}

func TestScenariosOfOwnersAreNotAskedOfOthersAndSayWhy(t *testing.T) {
	mirror := flawed.Sound()
	mirror.Workloads = append(mirror.Workloads, lock.Workload())
	for workload, why := range map[string]string{
		"tidb": "the scenario is about managers that own things, and the workload tidb has nothing to own",
		"lock": "the scenario is about managers that own things, and sound claims nothing",
	} {
		r := harness.Execute(t.Context(), virtual.New(t, 1), named(t, "owner-blackholed"), mirror, harness.Options{Seed: 1, Workload: workload})
		require.Equal(t, record.NotAsked, r.Outcome, r.String())
		require.Equal(t, why, r.Cause)
	}
}

// A manager that owns things is run with the rest of the catalogue like any other.
func TestTheRightOwnerPassesScenariosOfOneManager(t *testing.T) {
	for _, name := range []string{"registration-lease-revoked", "cluster-removed-under-load"} {
		t.Run(name, func(t *testing.T) {
			requireClaims(t, harness.Run(t, virtual.New(t, 1), named(t, name), owning.Right(), brief(1)))
		})
	}
}
