package main

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// compactedWhileCutOff is a scenario of our own: what a watch would resume from is compacted before it can.
func compactedWhileCutOff() harness.Scenario {
	return harness.Scenario{
		Name:     "compacted-while-cut-off",
		Summary:  "The manager is cut off from every member while others write, and etcd compacts what it has missed before it is back.",
		Incident: "etcd answers such a watch with \"required revision has been compacted\" and ends it",
		Clusters: []harness.Spec{{Name: "alpha", Members: 3}, {Name: "beta", Members: 3}},
		Body: func(w *harness.World) {
			alpha := w.Cluster("alpha")
			w.StartManager()

			var cuts []*harness.Injection
			for _, m := range alpha.Members() {
				cuts = append(cuts, w.Inject(fault.Reset(m)))
			}
			w.Pass(w.Timing().Election)
			compact(w, alpha)
			for _, cut := range cuts {
				cut.Heal()
			}
			w.RequireFresh(alpha)
		},
	}
}

// compact compacts a cluster up to its present revision.
func compact(w *harness.World, c *harness.Cluster) {
	resume := c.Rest()
	defer resume()
	leader, err := c.Leader().Direct()
	if err != nil {
		w.Abort(err)
	}
	ctx, cancel := context.WithTimeout(leader.Ctx(), w.Timing().Election)
	defer cancel()
	now, err := leader.Get(ctx, "any")
	if err == nil {
		_, err = leader.Compact(ctx, now.Header.Revision)
	}
	if err != nil {
		w.Abort(err)
	}
}
