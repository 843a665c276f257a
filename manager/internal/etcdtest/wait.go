package etcdtest

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// look is how often Eventually checks its condition.
const look = 5 * time.Millisecond

// patience is how much of a test's patience is left. A pause between two looks counts as some looks at most: while the machine gives the process no
// processor, nothing that the test waits for can happen either.
type patience time.Duration

// spend takes the time between two looks off.
func (p *patience) spend(between time.Duration) { *p -= patience(min(between, 20*look)) }

// Eventually waits for a condition and says what it was waiting for if it does not come. It waits for Patience, without the time in which the process stood
// still.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	left, last := patience(Patience), time.Now()
	for !condition() {
		require.Positive(t, left, "waited in vain for %s", what)
		<-time.After(look)
		left.spend(time.Since(last))
		last = time.Now()
	}
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
