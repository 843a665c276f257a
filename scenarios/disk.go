package scenarios

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// disk are the scenarios of hung and slow disks.
func disk() []harness.Scenario {
	return []harness.Scenario{
		{
			Name:     "hung-leader-disk",
			Summary:  "The disk of the leader hangs with the watch on it: another leader is elected, and the old one does not notice.",
			Incident: "tikv/pd #10671, #11106: 48 minutes on a stalled leader; tidb #69048: the checkpoint stood still for 18 minutes",
			Body:     hungLeaderDisk,
		},
		{
			Name:     "hung-then-moved-to-another-hung",
			Summary:  "The disk under the watch hangs, and heals; then the disk under the watch's next member hangs, and so on, until each member had its turn.",
			Incident: "tidb #69048 in the other direction: a member that was bad once must be good again some day, or none is left",
			Body:     hungThenMovedToAnotherHung,
		},
		{
			Name:     "slow-leader-disk",
			Summary:  "The disk of the leader is slow, but the leader stays leader: nothing must flap.",
			Incident: "tikv/pd #7730, #6403: a member judged by its connection, not by its progress",
			Body:     slowLeaderDisk,
		},
		{
			Name:     "hung-leader-disk-heals",
			Summary:  "The disk of the leader hangs for a few seconds and works again: the old leader is back as a follower, with an older view.",
			Incident: "tikv/pd #10746: PD leader and etcd leader on different members until the disk came back",
			Body:     hungLeaderDiskHeals,
		},
		{
			Name:     "hung-follower-disk",
			Summary:  "The disk of the follower that serves the watch hangs; the leader goes on.",
			Incident: "etcd #13527: a member whose storage is gone goes on answering",
			Body:     hungFollowerDisk,
		},
		{
			Name:     "dead-leader-disk",
			Summary:  "A write to the disk of the leader returns an error, and etcd ends its process.",
			Incident: "etcd #13527: the storage of a leader's host was gone",
			Body:     deadLeaderDisk,
		},
		{
			Name:     "slow-apply",
			Summary:  "The leader, which serves the watch, applies each entry late: its events are late too, and it goes on leading.",
			Incident: "tikv/pd #7499: a member judged by its connection, not by its progress",
			Body:     slowApply,
		},
		{
			Name:     "hung-apply",
			Summary:  "The follower that serves the watch applies no entry any more; its raft goes on.",
			Incident: "etcd #17529: a member that is up to date in raft and stale for its watches",
			Body:     hungApply,
		},
		{
			Name:     "hung-apply-of-the-others",
			Summary:  "Both followers apply nothing any more, and then the leader, which serves the watch, freezes: whoever still answers has an older view.",
			Incident: "kubernetes #59848: who turns to another server, and reads what that one has, goes back in time",
			Body:     hungApplyOfTheOthers,
		},
		{
			Name:     "defragment-under-watch",
			Summary:  "The member that serves the watch is defragmented, which holds everything that it applies.",
			Incident: "etcd #12528: members that stall during maintenance",
			Body:     defragmentUnderWatch,
		},
		{
			Name:     "no-space-alarm",
			Summary:  "The cluster is out of space: it takes no writes, and serves its watches.",
			Incident: "kubernetes #97294: an apiserver that cannot tell a quiet etcd from a broken one",
			Body:     noSpaceAlarm,
		},
		{
			Name:     "hung-disk-and-restart-of-the-other",
			Summary:  "The disk of the leader hangs, and before the others have elected, one of them restarts.",
			Incident: "tikv/pd #10671: the operator restarted members one after another while the disk hung",
			Body:     hungDiskAndRestart,
		},
	}
}

func hungLeaderDisk(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	hang := w.Inject(fault.HangDisk(leader))
	hang.RequireRecovery(alpha)
	hang.RequireCalm("beta")

	hang.Heal()
	w.RequireFresh(alpha)
}

func slowLeaderDisk(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	slow := w.Inject(fault.SlowDisk(leader, w.Timing().Heartbeat))
	slow.RequireRecovery(alpha)
	w.Pass(w.Bounds().Election())
	slow.RequireSteady(alpha)
	slow.RequireCalm("alpha", "beta")

	slow.Heal()
	w.RequireFresh(alpha)
}

func hungThenMovedToAnotherHung(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	for range alpha.Members() {
		hang := w.Inject(fault.HangDisk(alpha.Member(harness.RoleWatched)))
		hang.RequireRecovery(alpha)
		hang.RequireCalm("beta")

		hang.Heal()
		w.RequireFresh(alpha)
	}
}

func hungLeaderDiskHeals(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	hang := w.Inject(fault.HangDisk(leader))
	w.Pass(w.Bounds().Election())
	hang.Heal()
	hang.RequireRecovery(alpha)
	hang.RequireCalm("beta")
}

func hungFollowerDisk(w *harness.World) {
	alpha := w.Cluster("alpha")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))

	hang := w.Inject(fault.HangDisk(follower))
	hang.RequireRecovery(alpha)
	hang.RequireCalm("beta")

	hang.Heal()
	w.RequireFresh(alpha)
}

func deadLeaderDisk(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	dead := w.Inject(fault.FailDisk(leader))
	dead.RequireRecovery(alpha)
	dead.RequireCalm("beta")

	dead.Heal()
	w.RequireFresh(alpha)
}

func slowApply(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	slow := w.Inject(fault.SlowApply(leader, w.Timing().Heartbeat))
	slow.RequireRecovery(alpha)
	slow.RequireSteady(alpha)
	slow.RequireCalm("beta")

	slow.Heal()
	w.RequireFresh(alpha)
}

func hungApply(w *harness.World) {
	alpha := w.Cluster("alpha")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))

	hang := w.Inject(fault.HangApply(follower))
	hang.RequireRecovery(alpha)
	hang.RequireCalm("beta")

	hang.Heal()
	w.RequireFresh(alpha)
}

func hungApplyOfTheOthers(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader, others := alpha.Leader(), alpha.Followers()
	w.StartManager(harness.WatchOn(leader))

	first, second := w.Inject(fault.HangApply(others[0])), w.Inject(fault.HangApply(others[1]))
	w.Pass(w.Bounds().Failover())
	freeze := w.Inject(fault.Freeze(leader))
	w.Pass(2 * w.Bounds().Failover())
	freeze.RequireCalm("beta")

	first.Heal()
	second.Heal()
	freeze.Heal()
	w.RequireFresh(alpha)
}

func defragmentUnderWatch(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	defragment := w.Inject(fault.Defragment(leader, 2*w.Timing().Election))
	defragment.RequireRecovery(alpha)
	defragment.RequireCalm("beta")
}

func noSpaceAlarm(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	alarm := w.Inject(fault.Alarm(alpha))
	w.Pass(w.Timing().LeaseTTL + w.Timing().Refresh)
	alarm.RequireCalm("beta")

	alarm.Heal()
	w.RequireFresh(alpha)
}

func hungDiskAndRestart(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader, other := alpha.Leader(), alpha.Followers()[0]
	w.StartManager(harness.WatchOn(leader))

	hang := w.Inject(fault.HangDisk(leader))
	restart := w.Inject(fault.Restart(other))
	restart.RequireRecovery(alpha)
	restart.RequireCalm("beta")

	hang.Heal()
	w.RequireFresh(alpha)
}
