package schedules_test

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/schedule"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// no way back fails: alpha: revision 7 after revision 9
// From 12.0s on healing everything no longer prevents it.
func TestNoWayBackResumeFromZero17(t *testing.T) {
	var candidate harness.Candidate // REPLACE this by your candidate: the schedule is of the one called "resume-from-zero"

	s, err := schedule.Parse(`
cluster alpha 3 tls
watch alpha/leader
5s for 7s HangDisk(alpha/leader)
`)
	if err != nil {
		t.Fatal(err)
	}
	harness.Run(t, virtual.New(t, 17), s.Scenario("no-way-back-resume-from-zero-17"), candidate, harness.Options{Seed: 17, Workload: "services"})
}
