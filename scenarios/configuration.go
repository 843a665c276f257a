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
			Summary:  "A cluster with a password is added that cannot be reached: the others must not wait for it, and it must be tried until it answers.",
			Incident: "tiproxy, reload: adding a cluster whose PD cannot be reached stops the refresh of the others for 7.5 s",
			Clusters: []harness.Spec{{Name: "alpha", Members: 3}, {Name: "beta", Members: 3, Auth: true}},
			Body:     clusterAddedUnreachable,
		},
		{
			Name:     "same-clusters-reordered",
			Summary:  "The manager is given the same clusters and endpoints in another order, again and again: nothing may move.",
			Incident: "tiproxy #1104 (review): a reload without a change rebuilt what worked",
			Body:     sameClustersReordered,
		},
		{
			Name:     "reload-storm",
			Summary:  "A cluster is taken away and given back many times in a row.",
			Incident: "tiproxy #1104 (review): handles of clusters that were replaced",
			Body:     reloadStorm,
		},
		{
			Name:     "cluster-removed-while-hung",
			Summary:  "A cluster is taken from the manager while the disk of its leader hangs, and given back.",
			Incident: "tiproxy #1104 (review): closing waits for what cannot answer",
			Body:     clusterRemovedWhileHung,
		},
		{
			Name:     "endpoints-changed-while-hung",
			Summary:  "The endpoints of a cluster change while the member that serves the watch is frozen.",
			Incident: "tikv/pd #7730: unhealthy members stay among the endpoints",
			Body:     endpointsChangedWhileHung,
		},
		{
			Name:     "endpoints-changed-twice-while-cut-off",
			Summary:  "The manager is cut off from a cluster whose endpoints change twice; then the cluster is taken from it, and given back.",
			Incident: "tiproxy #1104 (review): what a reload has begun must end when the next reload comes before it has reached anybody",
			Body:     endpointsChangedTwiceWhileCutOff,
		},
		{
			Name:     "cluster-moved-while-cut-off",
			Summary:  "While the manager is cut off, every member of a cluster is replaced by a new one; then a reload names the new ones, as many as before.",
			Incident: "tikv/pd #7730: the endpoints that a client goes on with are not those of the cluster",
			Body:     clusterMovedWhileCutOff,
		},
		{
			Name:     "close-while-everything-hangs",
			Summary:  "The manager is closed while the disk of one cluster's leader hangs and all members of the other are frozen.",
			Incident: "tiproxy #1104 (review): Close waits for requests to members that do not answer",
			Body:     closeWhileEverythingHangs,
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
	w.Pass(2 * w.Bounds().Attach()) // an attempt to log in comes to its end
	holes[0].RequireCalm("alpha")

	for _, hole := range holes {
		hole.Heal()
	}
	w.RequireFresh(beta)
}

func sameClustersReordered(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	w.StartManager()

	for range 5 {
		w.Manage(beta, alpha)
		w.Pass(w.Timing().Heartbeat)
		w.Manage(alpha, beta)
		w.Pass(w.Timing().Heartbeat)
	}
	w.RequireFresh(alpha)
	w.RequireFresh(beta)
}

func reloadStorm(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	w.StartManager()

	for range 5 {
		w.Manage(alpha)
		w.Manage(alpha, beta)
		w.Pass(w.Timing().Heartbeat)
	}
	w.RequireFresh(alpha)
	w.RequireFresh(beta)
}

func clusterRemovedWhileHung(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	hang := w.Inject(fault.HangDisk(leader))
	w.Manage(beta)
	hang.RequireCalm("beta")
	w.Manage(alpha, beta)
	w.RequireFresh(alpha)
	hang.RequireCalm("beta")
}

func endpointsChangedWhileHung(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	w.StartManager(harness.WatchOn(alpha.Leader()))
	w.Pass(w.Bounds().Election()) // etcd accepts a new member only after all have been connected for five seconds
	added := w.Inject(fault.AddMember(alpha))

	freeze := w.Inject(fault.Freeze(alpha.Leader()))
	w.Manage(alpha, beta)
	freeze.RequireRecovery(alpha)
	freeze.RequireCalm("beta")

	freeze.Heal()
	added.Heal()
	w.RequireFresh(alpha)
}

func endpointsChangedTwiceWhileCutOff(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	w.StartManager(harness.WatchOn(alpha.Leader()))
	w.Pass(settling)
	w.Inject(fault.AddMember(alpha))

	cut := w.Inject(fault.BlackholeManager(alpha, firstManager))
	w.Manage(alpha, beta)
	w.Pass(w.Timing().Election)
	w.Inject(fault.RemoveMember(alpha.Followers()[0]))
	w.Manage(alpha, beta)
	w.Pass(w.Timing().Election)
	cut.RequireCalm("beta")

	w.Manage(beta)
	w.Manage(alpha, beta)
	cut.Heal()
	w.RequireFresh(alpha)
	cut.RequireCalm("beta")
}

func clusterMovedWhileCutOff(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	w.StartManager()

	cut := w.Inject(fault.BlackholeManager(alpha, firstManager))
	for _, old := range alpha.Members() {
		w.Pass(settling)
		w.Inject(fault.AddMember(alpha))
		w.Pass(settling)
		w.Inject(fault.RemoveMember(old))
	}
	w.Manage(alpha, beta)
	cut.Heal()
	w.RequireFresh(alpha)
	cut.RequireCalm("beta")

	w.Pass(w.Bounds().Expiry()) // the earlier lease cannot be revoked at endpoints that are gone
}

func closeWhileEverythingHangs(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	w.Inject(fault.HangDisk(leader))
	for _, m := range beta.Members() {
		w.Inject(fault.Freeze(m))
	}
	w.Pass(w.Timing().Heartbeat)
	w.CloseManager()
}
