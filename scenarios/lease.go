package scenarios

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// lease are the scenarios of a manager's own lease.
func lease() []harness.Scenario {
	return []harness.Scenario{
		{
			Name:     "registration-lease-lost",
			Summary:  "The manager is cut off from a whole cluster for longer than its lease lives, and the connections come back.",
			Incident: "etcd #15247, #12528: the leases of all clients were gone; whoever does not ask for another one stays away for ever",
			Body:     registrationLeaseLost,
		},
		{
			Name:     "registration-lease-revoked",
			Summary:  "All leases of the cluster are revoked at once.",
			Incident: "etcd #15247, #12528: the old leader, back from a stalled write, revoked all leases",
			Body:     registrationLeaseRevoked,
		},
		{
			Name:     "keepalive-dropped",
			Summary:  "Two of three members answer no lease keepalives for longer than a lease lives.",
			Incident: "tikv/pd #6403: a lease lost while other connections still pass",
			Body:     keepaliveDropped,
		},
		{
			Name:     "leases-revoked-by-returning-leader",
			Summary:  "The disk of the leader hangs for longer than a lease lives, and it comes back believing that it leads.",
			Incident: "etcd #15247, #12528: it revoked all leases before it learned that it was deposed",
			Body:     leasesRevokedByReturningLeader,
		},
	}
}

func registrationLeaseLost(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	w.StartManager()

	var cuts []*harness.Injection
	for _, m := range alpha.Members() {
		cuts = append(cuts, w.Inject(fault.Reset(m)))
	}
	w.Pass(2 * w.Timing().LeaseTTL)
	cuts[0].RequireCalm(beta.Name())

	for _, cut := range cuts {
		cut.Heal()
	}
	w.RequireFresh(alpha)
}

func registrationLeaseRevoked(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()

	lose := w.Inject(fault.LoseLease(alpha))
	lose.RequireRecovery(alpha)
	lose.RequireCalm("alpha", "beta")
}

func keepaliveDropped(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()

	var drops []*harness.Injection
	for _, m := range []*harness.Member{alpha.Leader(), alpha.Followers()[0]} {
		drops = append(drops, w.Inject(fault.DropKeepAlives(m)))
	}
	w.Pass(2 * w.Timing().LeaseTTL)
	drops[0].RequireCalm("alpha", "beta")

	for _, drop := range drops {
		drop.Heal()
	}
	w.RequireFresh(alpha)
}

func leasesRevokedByReturningLeader(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	hang := w.Inject(fault.HangDisk(leader))
	w.Pass(2 * w.Timing().LeaseTTL)
	hang.Heal()
	hang.RequireRecovery(alpha)
	hang.RequireCalm("beta")
}
