package replay

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sink keeps what is allocated from being optimized away.
var sink []byte

// A replay build has no time slices, so without help a loop that waits for another goroutine would never end.
func TestALoopThatAllocatesLetsOthersRun(t *testing.T) {
	const child = "STORMWATCH_LOOP"
	if os.Getenv(child) != "" {
		done := make(chan struct{})
		go close(done)
		for waiting := true; waiting; {
			select {
			case <-done:
				waiting = false
			default:
				sink = make([]byte, 64)
			}
		}
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	loop := exec.CommandContext(t.Context(), self, "-test.run", "^"+t.Name()+"$")
	loop.Env = append(Environment(os.Environ()), child+"=yes")
	require.NoError(t, loop.Start())
	overdue := time.AfterFunc(20*time.Second, func() { _ = loop.Process.Kill() })
	defer overdue.Stop()
	require.NoError(t, loop.Wait(), "the loop did not end")
}
