package fault

import (
	"context"
	"fmt"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var rotateCertificates = &kind{
	name: "RotateCertificates", takes: onCluster, once: true, tls: true,
	about: "the members get certificates of a new authority: connections that are open go on, new ones need what the next Apply brings; over with that Apply",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name(), Closed: true},
			Allowance: allow("lost member", w.Bounds().LostMember()),
			Do: func(context.Context) (func(context.Context) error, error) {
				return nil, on.cluster.Certificates().Rotate()
			},
			Lingers: on.cluster.Outdated,
		}, mustServeTLS(on.cluster)
	},
}

// RotateCertificates replaces the authority of the members' certificates, and at once all their certificates, as the last step of a rotation does. A
// manager that was given the old authority can make no new connection until it is given the new one, with the next Apply; until then it may be out
// of reach of every member. Connections that are open go on.
func RotateCertificates(c *harness.Cluster) Fault { return rotateCertificates.in(c) }

// mustServeTLS returns an error if a cluster has no certificates.
func mustServeTLS(c *harness.Cluster) error {
	if c.Certificates() == nil {
		return fmt.Errorf("cluster %s serves its clients without TLS", c)
	}
	return nil
}
