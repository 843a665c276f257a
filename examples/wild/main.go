// Command wild runs libraries that people use today through Stormwatch's catalogue: each as it comes, with the settings that it makes or that its
// documentation shows. docs/track-record.md has what was found. It is a module of its own, so that nobody else downloads these libraries.
package main

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/cli"
	"github.com/stormwatch/stormwatch/scenarios"
)

func main() { cli.Main(catalogue()) }

// catalogue has the libraries, and the manager of this repository to compare them with.
func catalogue() cli.Catalogue {
	return cli.Catalogue{
		Candidates: append(libraries(), scenarios.Reference()),
		Scenarios:  append(scenarios.All(), ours()...),
	}
}

func libraries() []harness.Candidate {
	return []harness.Candidate{namingEndpoints(), namingResolver(), mirrorSyncer(), electionObserve(), leasingKV(), goZero(), apiserver()}
}
