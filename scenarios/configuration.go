package scenarios

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// configuration are the scenarios in which the manager is given other clusters than before.
func configuration() []harness.Scenario {
	return []harness.Scenario{
		{
			Name:     "cluster-removed-under-load",
			Summary:  "A cluster is taken from the manager while programs write to it, and given back.",
			Incident: "tiproxy #1104 (review): after a reload, readers keep the closed client of the old cluster",
			Body:     clusterRemovedUnderLoad,
		},
		{
			Name:     "cluster-added-unreachable",
			Summary:  "A cluster is added that cannot be reached: the others must not wait for it.",
			Incident: "tiproxy, reload: adding a cluster whose PD cannot be reached stops the refresh of the others for 7.5 s",
			Body:     clusterAddedUnreachable,
		},
	}
}

func clusterRemovedUnderLoad(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	w.StartManager()

	w.Manage(alpha)
	w.Pass(w.Bounds().Attach())

	w.Manage(alpha, beta)
	w.RequireFresh(alpha)
	w.RequireFresh(beta)
}

func clusterAddedUnreachable(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	w.StartManager()
	w.Manage(alpha)

	var holes []*harness.Injection
	for _, m := range beta.Members() {
		holes = append(holes, w.Inject(fault.Blackhole(m)))
	}
	w.Manage(alpha, beta)
	w.Pass(w.Bounds().Attach())
	holes[0].RequireCalm("alpha")

	for _, hole := range holes {
		hole.Heal()
	}
	w.RequireFresh(beta)
}
