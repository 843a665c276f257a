package scenarios

import (
	"fmt"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// isolation are the scenarios in which the trouble of some clusters must not reach the others.
func isolation() []harness.Scenario {
	return []harness.Scenario{
		{
			Name:     "one-cluster-dies-of-many",
			Summary:  "One of five clusters dies with all its members, and comes back minutes later.",
			Incident: "pingcap/tiproxy #1149: one cluster that cannot be reached delays the topology of all",
			Clusters: single("alpha", "beta", "gamma", "delta", "epsilon"),
			Body:     oneClusterDiesOfMany,
		},
		{
			Name:     "many-clusters-one-slow",
			Summary:  "One of ten clusters answers everything late.",
			Incident: "pingcap/tiproxy #1149: fetches that wait for each other",
			Clusters: single(tenNames()...),
			Body:     manyClustersOneSlow,
		},
		{
			Name:     "both-clusters-hurt",
			Summary:  "The disk of one cluster's leader hangs, and a member of the other freezes.",
			Incident: "tiproxy, topology fetch: the trouble of two clusters at once, merged into one error",
			Body:     bothClustersHurt,
		},
	}
}

// single are clusters of one member each.
func single(names ...string) []harness.Spec {
	specs := make([]harness.Spec, len(names))
	for i, name := range names {
		specs[i] = harness.Spec{Name: name, Members: 1}
	}
	return specs
}

func tenNames() []string {
	names := []string{"alpha"}
	for i := range 9 {
		names = append(names, fmt.Sprintf("other%d", i+1))
	}
	return names
}

// others are the names of all clusters except one.
func others(w *harness.World, but *harness.Cluster) []string {
	var names []string
	for _, c := range w.Clusters() {
		if c != but {
			names = append(names, c.Name())
		}
	}
	return names
}

func oneClusterDiesOfMany(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()

	kill := w.Inject(fault.Kill(alpha.Leader()))
	w.Pass(4 * w.Timing().LeaseTTL) // so long that a backoff without a cap has grown
	kill.RequireCalm(others(w, alpha)...)

	kill.Heal()
	w.RequireFresh(alpha)
	kill.RequireCalm(others(w, alpha)...)
}

func manyClustersOneSlow(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()

	slow := w.Inject(fault.DelayClients(alpha.Leader(), w.Timing().Heartbeat))
	slow.RequireRecovery(alpha)
	slow.RequireSteady(alpha)
	slow.RequireCalm(others(w, alpha)...)

	slow.Heal()
	w.RequireFresh(alpha)
}

func bothClustersHurt(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	leader, follower := alpha.Leader(), beta.Followers()[0]
	w.StartManager(harness.WatchOn(leader), harness.WatchOn(follower))

	hang := w.Inject(fault.HangDisk(leader))
	freeze := w.Inject(fault.Freeze(follower))
	hang.RequireRecovery(alpha)
	freeze.RequireRecovery(beta)

	hang.Heal()
	freeze.Heal()
	w.RequireFresh(alpha)
	w.RequireFresh(beta)
}
