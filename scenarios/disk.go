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
