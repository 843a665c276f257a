package scenarios_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/schedule"
	"github.com/stormwatch/stormwatch/harness/schedule/draw"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// A soak runs thousands. These show that what is drawn can be run, step by step, and reaches something.
func TestTheReferencePassesSomeDrawnSchedules(t *testing.T) {
	for seed := uint64(1); seed <= 6; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := draw.Schedule(seed, draw.Space{Workloads: []string{"tidb", "services"}})
			r := harness.Run(t, virtual.New(t, seed), s.Scenario("drawn"), scenarios.Reference(), harness.Options{Seed: seed, Workload: s.Run.Workload})
			require.NotEmpty(t, r.Record.Reached())
			for _, note := range r.Record.Notes {
				require.False(t, strings.HasPrefix(note.Text, "left out"), note.Text)
			}
		})
	}
}

func TestARivalComesAndGoesAndTheManagerIsClosedDuringAFault(t *testing.T) {
	s, err := schedule.Parse("5s for 20s Rival(); 30s for 10s HangDisk(alpha/leader); 35s Close()")
	require.NoError(t, err)
	r := harness.Run(t, virtual.New(t, 1), s.Scenario("closed"), scenarios.Reference(), harness.Options{Seed: 1})
	require.Len(t, r.Record.Closings, 1, "the rival's")
	require.Len(t, r.Record.Others, 1)
	require.Less(t, r.Record.ManagerClosed, r.Record.Faults[0].To, "the fault was in force")
}
