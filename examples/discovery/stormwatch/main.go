// Command stormwatch runs the discovery client through the catalogue and a scenario of its own.
package main

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/cli"
	"github.com/stormwatch/stormwatch/scenarios"
)

func main() { cli.Main(catalogue()) }

func catalogue() cli.Catalogue {
	return cli.Catalogue{
		Candidates: []harness.Candidate{plain(), guarded()},
		Scenarios:  append(scenarios.All(), hungAndBlackholed()),
	}
}
