package etcdtest

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Eventually waits for a condition on the wall clock and says what it was waiting for if it does not come.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, Patience, 5*time.Millisecond, what)
}

// Goroutines returns the stacks of all goroutines that run code of the manager's packages, tests left out.
func Goroutines() (stacks []string) {
	buffer := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buffer, true)
		if n < len(buffer) {
			buffer = buffer[:n]
			break
		}
		buffer = make([]byte, 2*len(buffer))
	}
	for stack := range strings.SplitSeq(string(buffer), "\n\n") {
		for _, own := range []string{"manager.(*", "guard.(*", "tidb.(*", "tiproxy.(*"} {
			if strings.Contains(stack, "/"+own) {
				stacks = append(stacks, stack)
				break
			}
		}
	}
	return stacks
}
