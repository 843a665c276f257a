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
