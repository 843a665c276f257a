package fault_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// The only member of a cluster is its own majority. What its disk failed to write must be neither answered nor applied, since it is lost.
func TestASingleMemberWhoseDiskFailsCommitsNothing(t *testing.T) {
	for _, e := range []harness.Engine{virtual.New(t, 1), embedded.Engine{}} {
		t.Run(e.Name(), func(t *testing.T) {
			if e.Name() == "embedded" && testing.Short() {
				t.Skip("-short runs only what is in virtual time")
			}
			died := false
			single := harness.Scenario{
				Name: "single", Clusters: []harness.Spec{{Name: "alpha", Members: 1}},
				Body: func(w *harness.World) {
					w.StartManager()
					alpha := w.Cluster("alpha")
					// While the disk hangs, updates wait in the raft loop, which would commit them if it went on after the failure.
					hang := w.Inject(fault.HangDisk(alpha.Member("m1")))
					w.Pass(2 * w.Timing().Election)
					fail := w.Inject(fault.FailDisk(alpha.Member("m1")))
					died = alpha.Member("m1").Died()
					fail.Heal()
					hang.Heal()
					w.RequireFresh(alpha)
				},
			}
			r := harness.Repeat(t, func() *harness.Result {
				died = false
				return harness.Execute(t.Context(), e, single, scenarios.Reference(), harness.Options{Seed: 1})
			})
			require.Equal(t, record.Passed, r.Outcome, r.String())
			require.True(t, died)
		})
	}
}
