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
		{
			Name:     "leader-moved-repeatedly",
			Summary:  "The leadership moves from member to member, each time before the manager has settled.",
			Incident: "tikv/pd #7780 and pingcap/tiflow #9144: every change of the leader was another chance to stay behind",
			Body:     leaderMovedRepeatedly,
		},
		{
			Name:     "leader-restarted",
			Summary:  "The leader's process dies and is back before the others have elected another leader for good.",
			Incident: "pingcap/tiflow #7780: a checkpoint stuck after a restart of the leader",
			Body:     leaderRestarted,
		},
		{
			Name:     "leader-deaf",
			Summary:  "The leader hears nothing from its peers, and they hear it: it steps down because nobody answers it.",
			Incident: "etcd #13527, #16276: two leaders at a time, one of them alone with its view",
			Body:     leaderDeaf,
		},
		{
			Name:     "leader-unheard",
			Summary:  "The leader hears its peers, and they do not hear it: they elect another leader, and it learns of that at once.",
			Incident: "etcd #8673: a watch on a member that its peers have given up",
			Body:     leaderUnheard,
		},
		{
			Name:     "no-leader",
			Summary:  "Two of three members die: there is no leader for longer than a lease lives, and then there is one again.",
			Incident: "pingcap/tidb #10576: no leader for as long as a partition lasted",
			Body:     noLeader,
		},
		{
			Name:     "rolling-restart",
			Summary:  "Every member restarts, one after another, as in an upgrade.",
			Incident: "pingcap/tiflow #9144: stuck after PD's leader changed, until the process was restarted",
			Body:     rollingRestart,
		},
		{
			Name:     "election-storm",
			Summary:  "Each leader is isolated as soon as there is one, three times.",
			Incident: "kubernetes #89488: caches stale after a series of elections",
			Body:     electionStorm,
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

func leaderMovedRepeatedly(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	var move *harness.Injection
	for range 5 {
		move = w.Inject(fault.MoveLeader(alpha.Followers()[0]))
		w.Pass(w.Timing().Election)
	}
	move.RequireRecovery(alpha)
	move.RequireCalm("beta")
}

func leaderRestarted(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	restart := w.Inject(fault.Restart(leader))
	restart.RequireRecovery(alpha)
	restart.RequireCalm("beta")
}

func leaderDeaf(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader, others := alpha.Leader(), alpha.Followers()
	w.StartManager(harness.WatchOn(leader))

	deaf := w.Inject(fault.PartitionOneWay([]harness.Referrer{others[0], others[1]}, []harness.Referrer{leader}))
	deaf.RequireRecovery(alpha)
	deaf.RequireCalm("beta")

	deaf.Heal()
	w.RequireFresh(alpha)
}

func leaderUnheard(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader, others := alpha.Leader(), alpha.Followers()
	w.StartManager(harness.WatchOn(leader))

	unheard := w.Inject(fault.PartitionOneWay([]harness.Referrer{leader}, []harness.Referrer{others[0], others[1]}))
	unheard.RequireRecovery(alpha)
	unheard.RequireCalm("beta")

	unheard.Heal()
	w.RequireFresh(alpha)
}

func noLeader(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Followers()[0]))

	lost := w.Inject(fault.LoseQuorum(alpha))
	w.Pass(w.Timing().LeaseTTL + w.Timing().Refresh)
	lost.RequireCalm("beta")

	lost.Heal()
	w.RequireFresh(alpha)
}

func rollingRestart(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	restart := w.Inject(fault.RollingRestart(alpha))
	restart.RequireRecovery(alpha)
	restart.RequireCalm("beta")
}

func electionStorm(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	var cut *harness.Injection
	for range 3 {
		cut = w.Inject(fault.Isolate(alpha.Leader()))
		w.Pass(w.Bounds().Election())
		cut.Heal()
	}
	cut.RequireRecovery(alpha)
	cut.RequireCalm("beta")
}
