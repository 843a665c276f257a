// Stormwatch runs managers of etcd clusters through this repository's scenarios and reports whether each kept its bounds.
package main

import (
	"github.com/stormwatch/stormwatch/harness/cli"
	"github.com/stormwatch/stormwatch/scenarios"
)

func main() { cli.Main(catalogue()) }

func catalogue() cli.Catalogue {
	return cli.Catalogue{Candidates: scenarios.Managers(), Scenarios: scenarios.All()}
}
