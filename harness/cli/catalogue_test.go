package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// asCommand is an environment variable. If it is set, the test binary behaves as the command, so that a test can start it as users do.
const asCommand = "STORMWATCH_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		Main(catalogue())
	}
	Child(catalogue())
	os.Exit(m.Run())
}

// catalogue is a small catalogue for tests. Of its managers, polling notices every fault, watching notices none, and dying ends its process.
func catalogue() Catalogue {
	dying := counters.Watching()
	dying.Name, dying.Summary, dying.New = "dying", "A manager that panics in a goroutine of its own.", newDying
	watching := counters.Watching()
	watching.Caught = oracle.Freshness{}.Name()
	return Catalogue{
		Candidates: []harness.Candidate{counters.Polling(), watching, dying},
		Scenarios: []harness.Scenario{
			{
				Name: "calm", Summary: "Nothing happens.", Incident: "most days", Clusters: oneCluster(3),
				Body: func(w *harness.World) { w.StartManager() },
			},
			{
				Name: "hung-leader", Summary: "The leader's disk hangs.", Incident: "May 2026", Clusters: oneCluster(3),
				Body: func(w *harness.World) { hangLeader(w) },
			},
			{
				Name: "by-luck", Summary: "The leader's disk hangs, or not.", Clusters: oneCluster(3),
				Body: func(w *harness.World) {
					if unlucky(w.Rand.IntN) {
						hangLeader(w)
						return
					}
					w.StartManager()
				},
			},
			{Name: "two-members", Summary: "A world that cannot be.", Clusters: oneCluster(2), Body: func(w *harness.World) { w.StartManager() }},
		},
	}
}

func oneCluster(members int) []harness.Spec { return []harness.Spec{{Name: "alpha", Members: members}} }

// unlucky draws whether the leader's disk hangs in a run of the scenario by-luck.
func unlucky(draw func(int) int) bool { return draw(4) == 0 }

func hangLeader(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))
	w.Inject(fault.HangDisk(leader)).RequireRecovery(alpha)
}

// howToDie is an environment variable. It says what the manager dying does instead of panicking.
const howToDie = "STORMWATCH_TEST_HOW_TO_DIE"

func newDying(s harness.Setup) (harness.Manager, error) {
	switch os.Getenv(howToDie) {
	case "hang":
		var never atomic.Bool
		for !never.Load() { // it waits for nothing, so virtual time stands still
		}
	case "exit":
		os.Exit(0)
	case "hangup":
		// The child gets a terminal's signal and is gone before its parent gets the same signal.
		script := fmt.Sprintf("kill -HUP %[1]d; while kill -0 %[1]d 2>/dev/null; do :; done; kill -HUP %[2]d", os.Getpid(), os.Getppid())
		if err := exec.Command("sh", "-c", script).Run(); err != nil {
			return nil, err
		}
	}
	go panic("at the disco")
	return counters.Watching().New(s)
}

// callResult is the exit code and the output of one command.
type callResult struct {
	code           int
	stdout, stderr string
}

func call(ctx context.Context, args ...string) callResult {
	var stdout, stderr bytes.Buffer
	code := Execute(ctx, catalogue(), args, &stdout, &stderr)
	return callResult{code, stdout.String(), stderr.String()}
}
