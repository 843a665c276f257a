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
			Name:     "half-open-connection",
			Summary:  "The connections to the member that serves the watch are dead in both directions, and new ones work.",
			Incident: "etcd #8980: a connection that a firewall has forgotten looks like a quiet one",
			Body:     halfOpenConnection,
		},
		{
			Name:     "connection-reset-storm",
			Summary:  "The connections to all members are reset again and again.",
			Incident: "tikv/pd #7730: unhealthy members stay in the client's round robin",
			Body:     connectionResetStorm,
		},
		{
			Name:     "slow-link",
			Summary:  "Every packet to and from the member that serves the watch is late, some more than others.",
			Incident: "tikv/pd #6403: a slow network between PD and its clients",
			Body:     slowLink,
		},
		{
			Name:     "two-members-blackholed",
			Summary:  "The manager's packets to two of three members are lost, among them the one that serves the watch.",
			Incident: "etcd #12534: a client that tries the same bad members again",
			Body:     twoMembersBlackholed,
		},
		{
			Name:     "client-cut-off-with-minority",
			Summary:  "The manager reaches only a member that is cut off from its peers.",
			Incident: "etcd #7247: a watch with RequireLeader hangs when the client is cut off with the member",
			Body:     cutOffWithMinority,
		},
		{
			Name:     "back-one-by-one",
			Summary:  "The manager reaches no member for minutes; then they come back one by one.",
			Incident: "pingcap/tiproxy #1149: a cluster that cannot be reached for as long as an outage lasts",
			Body:     backOneByOne,
		},
		{
			Name:     "endpoint-refuses",
			Summary:  "The member that serves the watch closes all connections and accepts no new ones.",
			Incident: "tikv/pd #7499: a client that goes on dialing a member that refuses",
			Body:     endpointRefuses,
		},
		{
			Name:     "late-answers",
			Summary:  "Everything between the manager and the member that serves its watch arrives a little later: nothing must flap.",
			Incident: "tikv/pd #7730, #6403: a member judged by its connection, not by its progress",
			Body:     lateAnswers,
		},
		{
			Name:     "cluster-blackholed",
			Summary:  "The manager's packets to every member of a cluster are lost: it knows nothing any more, and must say so.",
			Incident: "tiproxy, topology fetch: what could not be read was taken for empty, without an error, and the router took the servers for dead",
			Body:     clusterBlackholed,
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

func halfOpenConnection(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	half := w.Inject(fault.HalfOpen(leader))
	half.RequireRecovery(alpha)
	half.RequireCalm("beta")

	half.Heal()
	w.RequireFresh(alpha)
}

func connectionResetStorm(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()

	var storm *harness.Injection
	for range 5 {
		var resets []*harness.Injection
		for _, m := range alpha.Members() {
			storm = w.Inject(fault.Reset(m))
			resets = append(resets, storm)
		}
		w.Pass(w.Timing().Election)
		for _, reset := range resets {
			reset.Heal()
		}
		w.Pass(w.Timing().Election)
	}
	storm.RequireRecovery(alpha)
	storm.RequireCalm("beta")
}

func slowLink(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	slow := w.Inject(fault.SlowLink(leader, w.Timing().Heartbeat/2, w.Timing().Heartbeat/2))
	slow.RequireRecovery(alpha)
	slow.RequireSteady(alpha)
	slow.RequireCalm("beta")

	slow.Heal()
	w.RequireFresh(alpha)
}

func twoMembersBlackholed(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader, follower := alpha.Leader(), alpha.Followers()[0]
	w.StartManager(harness.WatchOn(leader))

	first := w.Inject(fault.Blackhole(follower))
	second := w.Inject(fault.Blackhole(leader))
	second.RequireRecovery(alpha)
	second.RequireCalm("beta")

	first.Heal()
	second.Heal()
	w.RequireFresh(alpha)
}

func cutOffWithMinority(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader, others := alpha.Leader(), alpha.Followers()
	w.StartManager(harness.WatchOn(leader))

	first, second := w.Inject(fault.Blackhole(others[0])), w.Inject(fault.Blackhole(others[1]))
	cut := w.Inject(fault.Isolate(leader))
	w.Pass(w.Bounds().IsolatedLeader())
	cut.RequireCalm("beta")

	first.Heal()
	w.RequireFresh(alpha)
	second.Heal()
	cut.Heal()
	w.RequireFresh(alpha)
}

func backOneByOne(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	var holes []*harness.Injection
	for _, m := range alpha.Members() {
		holes = append(holes, w.Inject(fault.Blackhole(m)))
	}
	w.Pass(2 * (w.Timing().LeaseTTL + w.Timing().Refresh))
	holes[0].RequireCalm("beta")

	for _, hole := range holes {
		hole.Heal()
		w.RequireFresh(alpha)
	}
}

func endpointRefuses(w *harness.World) {
	alpha := w.Cluster("alpha")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))

	refuse, reset := w.Inject(fault.Refuse(follower)), w.Inject(fault.Reset(follower))
	reset.RequireRecovery(alpha)
	reset.RequireCalm("beta")

	reset.Heal()
	refuse.Heal()
	w.RequireFresh(alpha)
}

func lateAnswers(w *harness.World) {
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
