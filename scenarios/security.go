package scenarios

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// security are the scenarios of certificates, passwords and tokens.
func security() []harness.Scenario {
	beta := harness.Spec{Name: "beta", Members: 3}
	encrypted := []harness.Spec{{Name: "alpha", Members: 3, TLS: true}, beta}
	guarded := []harness.Spec{{Name: "alpha", Members: 3, Auth: true}, beta}
	return []harness.Scenario{
		{
			Name:     "certificate-rotated",
			Summary:  "The members get certificates of a new authority, the manager is told with its next reload, and then every connection ends once.",
			Incident: "pingcap/tidb #14666, tikv/client-java #608: after a rotation a client works on until its old connections end, then never again",
			Clusters: encrypted,
			Body:     certificateRotated,
		},
		{
			Name:     "certificate-expired",
			Summary:  "The members' certificates expire: nobody notices until connections end, then nobody gets in until they are renewed.",
			Incident: "kubernetes/apiserver #102: etcd's certificate had expired on the 3rd, and the apiserver failed on the 16th, when it connected anew",
			Clusters: encrypted,
			Body:     certificateExpired,
		},
		{
			Name:     "auth-token-expired",
			Summary:  "The manager's tokens expire while its watches are open, and then the leader dies: what it opens anew needs a new token.",
			Incident: "etcd #11954, #12385, #12615: after its token has expired a client cannot watch again",
			Clusters: guarded,
			Body:     authTokenExpired,
		},
		{
			Name:     "auth-turned-on",
			Summary:  "Authentication is turned on while the manager, which has a password and no token, has watches open; then the leader dies.",
			Incident: "etcd #10732, #10753: clients with a password from before authentication was on see their watches go on and their reads refused",
			Clusters: guarded,
			Body:     authTurnedOn,
		},
	}
}

func certificateRotated(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	rotate := w.Inject(fault.RotateCertificates(alpha))
	w.Pass(w.Bounds().Failover())
	rotate.RequireCalm("alpha", "beta") // connections that are open go on

	w.Manage(alpha, beta)
	w.Pass(w.Bounds().Registered()) // the manager connects anew
	w.RequireFresh(alpha)
	restart := w.Inject(fault.RollingRestart(alpha))
	restart.RequireRecovery(alpha)
	restart.RequireCalm("beta")
}

func certificateExpired(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	expire := w.Inject(fault.ExpireCertificates(alpha))
	w.Pass(w.Bounds().Failover())
	expire.RequireCalm("alpha", "beta") // connections that are open go on

	w.Inject(fault.RollingRestart(alpha))
	w.Pass(w.Bounds().Failover())
	expire.RequireCalm("beta")
	expire.Heal()
	w.RequireFresh(alpha)
}

func authTokenExpired(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	expire := w.Inject(fault.ExpireTokens(alpha))
	w.Pass(w.Bounds().Failover())
	expire.RequireCalm("alpha", "beta") // watches that are open go on

	kill := w.Inject(fault.Kill(alpha.Leader()))
	kill.RequireRecovery(alpha)
	kill.RequireCalm("beta")
	kill.Heal()
	w.RequireFresh(alpha)
}

func authTurnedOn(w *harness.World) {
	alpha := w.Cluster("alpha")
	off := w.Inject(fault.DisableAuth(alpha))
	w.StartManager(harness.WatchOn(alpha.Leader()))

	off.Heal()
	w.Pass(w.Bounds().Failover())
	off.RequireCalm("beta")
	w.RequireFresh(alpha)

	kill := w.Inject(fault.Kill(alpha.Leader()))
	kill.RequireRecovery(alpha)
	kill.RequireCalm("beta")
	kill.Heal()
	w.RequireFresh(alpha)
}
