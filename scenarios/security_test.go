package scenarios_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// The part of the manager that has the old certificates loses its connections before it has revoked its lease, and cannot connect again.
func TestALeaseThatOldCertificatesCannotRevokeMayExpire(t *testing.T) {
	s := harness.Scenario{
		Name: "a-test", Clusters: []harness.Spec{{Name: "alpha", Members: 3, TLS: true}},
		Body: func(w *harness.World) {
			alpha := w.Cluster("alpha")
			w.StartManager()
			w.Pass(w.Bounds().Registered())
			w.Inject(fault.RotateCertificates(alpha))
			var closed []*harness.Injection
			for _, m := range alpha.Members() {
				closed = append(closed, w.Inject(fault.Refuse(m)))
			}
			w.Manage(alpha)
			for _, m := range alpha.Members() {
				closed = append(closed, w.Inject(fault.Reset(m)))
			}
			for _, c := range closed {
				c.Heal()
			}
			w.RequireFresh(alpha)
		},
	}
	timing := bound.Production()
	timing.Stay = 0 // else the lease has expired when the manager is closed
	r := harness.Execute(t.Context(), virtual.New(t, 1), s, scenarios.Reference(), harness.Options{Seed: 1, Timing: &timing})
	require.Equal(t, record.Passed, r.Outcome, r.String())
}
