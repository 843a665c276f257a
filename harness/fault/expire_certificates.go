package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var expireCertificates = &kind{
	name: "ExpireCertificates", takes: onCluster, tls: true,
	about: "the members' certificates expire: connections that are open go on, and no new one can be made; healing renews them",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.cluster.Name(), Closed: true},
			Allowance: allow("lost member", w.Bounds().LostMember()),
			Do: func(context.Context) (func(context.Context) error, error) {
				renew := func(context.Context) error { return on.cluster.Certificates().Renew() }
				return renew, on.cluster.Certificates().Expire()
			},
		}, mustServeTLS(on.cluster)
	},
}

// ExpireCertificates makes the certificates of all members expire. Nobody notices it on connections that are open, but whoever loses one is out of reach
// of the cluster until the certificates are renewed.
func ExpireCertificates(c *harness.Cluster) Fault { return expireCertificates.in(c) }
