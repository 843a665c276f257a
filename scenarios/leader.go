package scenarios

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// leader are the scenarios of leaders that move, die or are isolated.
func leader() []harness.Scenario {
	return []harness.Scenario{
		{
			Name:     "leader-moved",
			Summary:  "The leader transfers its leadership to another member while the watch is on it.",
			Incident: "tikv/pd #7780: the etcd leader changed and PD noticed five minutes later",
			Body:     leaderMoved,
		},
		{
			Name:     "leader-killed",
			Summary:  "The leader's process dies with the watch on it, and comes back.",
			Incident: "pingcap/tiflow #9144, #7780: the checkpoint stuck after a PD leader change until a restart",
			Body:     leaderKilled,
		},
		{
			Name:     "leader-isolated",
			Summary:  "The leader, with the watch on it, is cut off from its peers but not from its clients.",
			Incident: "etcd #8980, #7247: watches hang for ever on a partitioned member",
			Body:     leaderIsolated,
		},
	}
}

func leaderMoved(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	move := w.Inject(fault.MoveLeader(alpha.Followers()[0]))
	move.RequireRecovery(alpha)
	move.RequireCalm("beta")
}

func leaderKilled(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	kill := w.Inject(fault.Kill(leader))
	kill.RequireRecovery(alpha)
	kill.RequireCalm("beta")

	kill.Heal()
	w.RequireFresh(alpha)
}

func leaderIsolated(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	cut := w.Inject(fault.Isolate(leader))
	cut.RequireRecovery(alpha)
	cut.RequireCalm("beta")

	cut.Heal()
	w.RequireFresh(alpha)
}
