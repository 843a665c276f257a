// Package fakes has stand-ins for the programs around etcd: TiDB servers that register themselves, a BR advancer that moves a
// checkpoint, another TiProxy. Whatever one of them commits it tells the ledger.
//
// They write through the member that truly leads and so get through whatever a scenario does to the manager's way to etcd; they are
// the truth that a manager is measured by, not systems under test.
package fakes

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
)

// Load starts what every cluster of a scenario has: two TiDB servers that stay, one that comes and goes, an advancer with one
// task, and another TiProxy whose registration nobody may touch.
func Load(w *harness.World) {
	for _, c := range w.Clusters() {
		for _, address := range []string{"10.0.0.1:4000", "10.0.0.2:4000"} {
			start(w, c, "tidb "+address, (&TiDB{Cluster: c, Address: address}).Run)
		}
		start(w, c, "tidb 10.0.0.3:4000", (&TiDB{Cluster: c, Address: "10.0.0.3:4000", Turns: 10}).Run)
		start(w, c, "advancer", (&Advancer{Cluster: c, Task: "backup"}).Run)
		start(w, c, "tiproxy", (&TiProxy{Cluster: c, Address: "10.0.0.9:6000"}).Run)
	}
}

func start(w *harness.World, c *harness.Cluster, name string, run func(context.Context) error) {
	w.Go(c.Name()+": "+name, run)
}
