package scenarios

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// network are the scenarios in which a member cannot be reached although its connections stay open.
func network() []harness.Scenario {
	return []harness.Scenario{
		{
			Name:     "member-frozen",
			Summary:  "The member that serves the watch stops, for its peers and its clients, with every connection open.",
			Incident: "kubernetes #89488, #97294: an apiserver's cache stale for about five minutes",
			Body:     memberFrozen,
		},
		{
			Name:     "client-blackholed",
			Summary:  "The manager's packets to the leader, which serves its watch, are lost; the cluster works and the connection stays open.",
			Incident: "etcd #8980, #12534: a watch on a blackholed member hangs until keepalive gives up, if there is any",
			Body:     clientBlackholed,
		},
		{
			Name:     "cluster-blackholed",
			Summary:  "The manager's packets to every member of a cluster are lost: it knows nothing any more, and must say so.",
			Incident: "tiproxy, topology fetch: what could not be read was taken for empty, without an error, and the router took the servers for dead",
			Body:     clusterBlackholed,
		},
		{
			Name:     "slow-link",
			Summary:  "Everything between the manager and the member that serves its watch arrives a little later: nothing must flap.",
			Incident: "tikv/pd #7730, #6403: a member judged by its connection, not by its progress",
			Body:     slowLink,
		},
	}
}

func memberFrozen(w *harness.World) {
	alpha := w.Cluster("alpha")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))

	freeze := w.Inject(fault.Freeze(follower))
	freeze.RequireRecovery(alpha)
	freeze.RequireCalm("beta")

	freeze.Heal()
	w.RequireFresh(alpha)
}

func clientBlackholed(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	hole := w.Inject(fault.Blackhole(leader))
	hole.RequireRecovery(alpha)
	hole.RequireCalm("beta")

	hole.Heal()
	w.RequireFresh(alpha)
}

func slowLink(w *harness.World) {
	alpha := w.Cluster("alpha")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))

	slow := w.Inject(fault.DelayClients(follower, w.Timing().Heartbeat))
	slow.RequireRecovery(alpha)
	slow.RequireSteady(alpha)
	slow.RequireCalm("alpha", "beta")

	slow.Heal()
	w.RequireFresh(alpha)
}

func clusterBlackholed(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()

	var holes []*harness.Injection
	for _, m := range alpha.Members() {
		holes = append(holes, w.Inject(fault.Blackhole(m)))
	}
	w.Pass(w.Bounds().CutOff() + w.Bounds().Election())
	holes[0].RequireCalm("beta")

	for _, hole := range holes {
		hole.Heal()
	}
	w.RequireFresh(alpha)
}
