package harness_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Whatever a manager fails while the process is stopped, as by a machine that gives it no processor, may be the machine's fault.
func TestARunDuringWhichTheMachineStoodStillIsNotJudged(t *testing.T) {
	if testing.Short() {
		t.Skip("-short runs only what is in virtual time")
	}
	panicking := altered(func(m harness.Manager) harness.Manager {
		return closing{m, func() error { _ = m.Close(); panic("at the disco") }}
	})
	for stops, outcome := range map[bool]record.Outcome{false: record.Failed, true: record.NotJudged} {
		run := func() *harness.Result {
			return executeEmbedded(t, one, panicking, harness.Options{}, func(w *harness.World) {
				if stops {
					slack := w.Timing().Slack
					script := fmt.Sprintf("kill -STOP %d; sleep %.1f; kill -CONT %[1]d", os.Getpid(), 2*slack.Seconds())
					if out, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
						t.Skipf("this system cannot stop a process: %v: %s", err, out)
					}
				}
				w.StartManager()
			})
		}
		r := run()
		if !stops && r.Stalled != nil {
			r = harness.Repeat(t, run) // the machine has stalled by itself
		}
		require.Equal(t, outcome, r.Outcome, r.String())
		require.Equal(t, stops, r.Stalled != nil)
		if stops {
			require.Regexp(t, `^the machine kept goroutines waiting for \d.*; without that, .* would have failed$`, r.Cause)
		}
	}
}
