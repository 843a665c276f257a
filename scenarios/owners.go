package scenarios

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// owners are the scenarios of two managers that compete: for what can be owned, and beside each other with keys of their own. The first manager owns
// everything when the second comes.
func owners() []harness.Scenario {
	return []harness.Scenario{
		{
			Name:     "owner-blackholed",
			Summary:  "The owner is cut off from the whole cluster for longer than its lease lives, while another manager waits for what it owns.",
			Incident: "Jepsen's analysis of etcd 3.4.3: clients that took an etcd lock for theirs after its lease had expired",
			Owners:   true,
			Body:     ownerBlackholed,
		},
		{
			Name:     "owner-frozen",
			Summary:  "Answers reach the owner late, then nothing does for longer than its lease lives, and then everything again.",
			Incident: "etcd #15247, Jepsen's analysis of etcd 3.4.3: an owner that counts its lease from when it hears of it, on a slow way or after a pause",
			Owners:   true,
			Body:     ownerFrozen,
		},
		{
			Name:     "lease-renewed-through-healthy-peer",
			Summary:  "The disk of the member on which the owner sits hangs for longer than a lease lives; every other member could renew the lease.",
			Incident: "tikv/pd #10671, #11106: a PD leader whose disk hung stayed PD leader for 48 minutes, its lease was renewed through a healthy peer",
			Owners:   true,
			Body:     leaseRenewedThroughHealthyPeer,
		},
		{
			Name:     "owner-on-returning-leader",
			Summary:  "The owner sits on a leader whose disk hangs for longer than a lease lives, and which comes back believing that it leads.",
			Incident: "etcd #15247, #12528: it revoked all leases before it learned that it was deposed",
			Owners:   true,
			Body:     ownerOnReturningLeader,
		},
		{
			Name:     "two-managers-one-closes",
			Summary:  "Of two managers one is cut off for longer than its lease lives, comes back, and closes; the other one must not notice.",
			Incident: "tiproxy's infosync: on close it deleted the whole prefix, every other instance's registration too",
			Body:     twoManagersOneCloses,
		},
	}
}

// The numbers of the two managers.
const (
	firstManager = 1
	rival        = 2
)

func ownerBlackholed(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()
	w.RequireOwner(alpha)
	w.StartRival()

	cut := w.Inject(fault.BlackholeManager(alpha, firstManager))
	w.Pass(w.Timing().LeaseTTL + w.Timing().Refresh)
	w.RequireOwner(alpha)
	cut.RequireCalm("beta")

	cut.Heal()
	w.RequireFresh(alpha)
	w.RequireOwner(alpha)
}

func ownerFrozen(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()
	w.RequireOwner(alpha)
	w.StartRival()

	// An answer comes in two parts, and each may be delayed: with twice this delay it is still in time for a request.
	late := w.Inject(fault.DelayManager(alpha, firstManager, w.Timing().RequestTimeout*2/5))
	w.Pass(w.Timing().LeaseTTL / 2)
	freeze := w.Inject(fault.BlackholeManager(alpha, firstManager))
	w.Pass(w.Timing().LeaseTTL + w.Timing().Refresh)
	w.RequireOwner(alpha)

	freeze.Heal()
	late.Heal()
	w.RequireFresh(alpha)
	w.RequireOwner(alpha)
}

func leaseRenewedThroughHealthyPeer(w *harness.World) {
	alpha := w.Cluster("alpha")
	sits := alpha.Leader()
	w.StartManager(harness.WatchOn(sits))
	w.RequireOwner(alpha)
	w.StartRival()

	hang := w.Inject(fault.HangDisk(sits))
	hang.RequireRecovery(alpha)
	w.Pass(2 * w.Timing().LeaseTTL)
	w.RequireOwner(alpha)
	hang.RequireCalm("beta")
}

func ownerOnReturningLeader(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))
	w.RequireOwner(alpha)
	w.StartRival()

	hang := w.Inject(fault.HangDisk(leader))
	w.Pass(2 * w.Timing().LeaseTTL)
	hang.Heal()
	w.RequireFresh(alpha)
	w.RequireOwner(alpha)
}

func twoManagersOneCloses(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()
	w.StartRival()

	cut := w.Inject(fault.BlackholeManager(alpha, rival))
	w.Pass(w.Timing().LeaseTTL * 4 / 3)
	cut.RequireCalm("alpha", "beta")
	cut.Heal()
	w.Pass(w.Bounds().Registered())

	w.CloseRival()
	w.Pass(2 * w.Timing().Election) // the harness looks at the keys once in an election timeout
	w.RequireFresh(alpha)
}
