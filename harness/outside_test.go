package harness_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// failpoints is the environment variable that failpoint reads when the process starts. So each of these tests runs in a child process.
const failpoints = "GO_FAILPOINTS"

// withFailpoints runs the test again in a child process with these failpoints, and returns true. In the child process it returns false.
func withFailpoints(t *testing.T, switches string) (parent bool) {
	t.Helper()
	if os.Getenv(failpoints) != "" {
		return false
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=1m")
	child.Env = append(os.Environ(), failpoints+"="+switches)
	out, err := child.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name())
	return true
}

// A failpoint that GO_FAILPOINTS enables is a fault like any other: it is recorded, and it has an allowance.
func TestASwitchFromOutsideIsAFaultAndExcuses(t *testing.T) {
	const thrown = `stormwatch/alpha/m1/client-write=return(1000)`
	if withFailpoints(t, thrown) {
		return
	}
	r := execute(t, one, plain(), func(w *harness.World) {
		w.StartManager()
		w.Pass(w.Bounds().Failover())
	})
	require.Equal(t, record.Passed, r.Outcome, r.String())
	require.Len(t, r.Record.Faults, 1)
	f := r.Record.Faults[0]
	require.Equal(t, "GO_FAILPOINTS("+thrown+")", f.Text)
	m1 := []string{"m1"}
	require.Equal(t, record.Scope{Cluster: "alpha", Members: m1, Unreachable: m1, Late: 3 * time.Second}, f.Scope)
	require.Equal(t, 2*time.Second, f.Allowance.Lasting)
	b := r.Record.Bounds()
	require.Equal(t, b.Failover(), f.Allowance.Recovery)
	require.Greater(t, r.MaxStaleness, b.Calm(), "without the fault on record it fails")
	require.Less(t, f.To, time.Duration(0), "nobody heals it")
}

// A view that is staler than the allowance fails, and the evidence names the failpoint.
func TestASwitchFromOutsideIsInTheEvidence(t *testing.T) {
	const thrown = `stormwatch/alpha/m1/client-write=return(250)`
	if withFailpoints(t, thrown) {
		return
	}
	c, valve := valved()
	r := execute(t, one, c, func(w *harness.World) {
		w.StartManager()
		w.Pass(w.Bounds().Failover())
		valve.holdFor(w, 5*time.Second)
	})
	require.Contains(t, failure(t, r, "freshness"), "GO_FAILPOINTS("+thrown+") in force")
}

// A failpoint without effect is a mistake of the caller. The error suggests the nearest names.
func TestAWrongSwitchFromOutsideIsTheCallersMistake(t *testing.T) {
	for name, wrong := range map[string]struct{ thrown, want string }{
		"cluster": {`stormwatch/alhpa/m1/wal-save=return("hang")`, `no cluster is called "alhpa"; the nearest: alpha`},
		"member":  {`stormwatch/alpha/m4/wal-save=return("hang")`, `cluster alpha has no member "m4"; the nearest: m1`},
		"point":   {`stormwatch/alpha/m1/wal-svae=return("hang")`, `member alpha/m1 has no point "wal-svae"; the nearest: wal-save`},
		"value":   {`stormwatch/alpha/m1/wal-save=return("hagn")`, `the nearest: hang`},
	} {
		t.Run(name, func(t *testing.T) {
			if withFailpoints(t, wrong.thrown) {
				return
			}
			r := execute(t, one, plain(), startManager)
			require.Contains(t, notJudged(t, r), "fault point "+wrong.thrown+", thrown from outside: ")
			require.Contains(t, r.Cause, wrong.want)
			require.True(t, r.Usage)
		})
	}
}

// The error of a cluster that does not start names the failpoints, since they may be the cause.
func TestAStartThatASwitchFromOutsideHindersNamesIt(t *testing.T) {
	const thrown = `stormwatch/alpha/m1/wal-save=return("hang")`
	if withFailpoints(t, thrown) {
		return
	}
	require.Contains(t, notJudged(t, execute(t, one, plain(), startManager)), "start cluster alpha with "+thrown+" thrown from outside: ")
}
