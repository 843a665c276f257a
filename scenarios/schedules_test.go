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

// Random schedules found these: they once failed the reference manager, which was wrong or blamed wrongly.
func TestTheReferencePassesTheSchedulesThatItFailedOnce(t *testing.T) {
	for name, text := range map[string]string{
		// A watch that was compacted waited for the pause of the attempts before.
		"compacted after many attempts": `
			cluster alpha 1
			cluster beta 3
			watch alpha/m1
			6.957s for 46.04s Reset(alpha/m1)
			25.858s Compact(alpha)`,
		// The answer to a request for progress was on its way for longer than the idle timeout.
		"progress is on its way": `
			cluster alpha 1
			cluster beta 3
			watch alpha/m1
			6.89s HangDisk(alpha/m1)
			8.109s for 19.082s HangApply(alpha/watched)
			8.109s for 21.676s DelayClients(alpha/m1, 3s)`,
		// The restored cluster has passed the old revision before the manager reaches it.
		"restored and caught up": `
			cluster alpha 3
			cluster beta 3
			20s Backup(alpha)
			22s for 40s Reset(alpha/m1)
			22s for 40s Reset(alpha/m2)
			22s for 40s Reset(alpha/m3)
			24s Restore(alpha)`,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := schedule.Parse(text)
			require.NoError(t, err)
			harness.Run(t, virtual.New(t, 1), s.Scenario("drawn"), scenarios.Reference(), harness.Options{Seed: 1})
		})
	}
}

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
