// Command wild runs libraries that people use today through Stormwatch's catalogue: each as it comes, with the settings that it makes or that its
// documentation shows. docs/track-record.md has what was found. It is a module of its own, so that nobody else downloads these libraries.
package main

import (
	"slices"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/cli"
	"github.com/stormwatch/stormwatch/scenarios"
)

func main() { cli.Main(catalogue()) }

// catalogue has the libraries, and the manager of this repository to compare them with.
func catalogue() cli.Catalogue {
	return cli.Catalogue{
		Candidates: append(libraries(), scenarios.Reference()),
		Scenarios:  append(shared(), ours()...),
	}
}

// shared are the scenarios of this repository's catalogue that these libraries are run through, in the catalogue's order. They are what happens to a
// leader, to a member and to the news of a watch. The others are left out for the time they take: each is another half a minute of the module's
// tests, since every library runs it, go-zero in real time.
func shared() []harness.Scenario {
	names := []string{
		"leader-moved", "leader-killed", "leader-isolated", "hung-leader-disk", "slow-leader-disk",
		"member-frozen", "client-blackholed", "progress-dropped", "progress-answered-events-withheld",
		"owner-blackholed", "owner-frozen", // these are not asked of a library that owns nothing
	}
	return slices.DeleteFunc(scenarios.All(), func(s harness.Scenario) bool { return !slices.Contains(names, s.Name) })
}

func libraries() []harness.Candidate {
	return []harness.Candidate{namingEndpoints(), namingResolver(), mirrorSyncer(), electionObserve(), concurrencyOwners(), leasingKV(), goZero(), apiserver()}
}
