package scenarios_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// With two streams on two members, no view becomes staler than calm, whichever member has the fault.
func TestAHedgedViewStaysCalmWhicheverMemberIsHit(t *testing.T) {
	for text, on := range map[string]string{
		"HangDisk(alpha/leader)":  harness.RoleLeader,
		"Isolate(alpha/leader)":   harness.RoleLeader,
		"Kill(alpha/leader)":      harness.RoleLeader,
		"Blackhole(alpha/leader)": harness.RoleLeader,
		"Freeze(alpha/follower)":  harness.RoleFollower,
	} {
		t.Run(text, func(t *testing.T) {
			f, err := fault.Parse(text)
			require.NoError(t, err)
			s := harness.Scenario{
				Name:     "one-of-two-streams",
				Clusters: []harness.Spec{{Name: "alpha", Members: 3}},
				Body: func(w *harness.World) {
					w.StartManager(harness.WatchOn(harness.Ref{Cluster: "alpha", Member: on}))
					// Links that were closed to attach the manager to its members are tried again after pauses of gRPC and of the manager.
					w.Pass(2*w.Timing().BackoffCap + w.Timing().RequestTimeout)
					w.Pass(time.Duration(w.Rand.Int64N(int64(w.Timing().IdleTimeout))))
					w.Inject(f).RequireRecovery(w.Cluster("alpha"))
				},
			}
			r := harness.Run(t, virtual.New(t, 1), s, scenarios.Hedged(), harness.Options{Seed: 1})
			require.Equal(t, record.Passed, r.Outcome)
			require.LessOrEqual(t, r.MaxStaleness, bound.Bounds{Timing: r.Record.Timing}.Calm())
		})
	}
}
