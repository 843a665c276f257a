package harness_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// pushingOn is a manager that pushes its views on, with another View.
type pushingOn struct{ viewing }

func (p pushingOn) Push(f func(string, harness.View)) { p.Manager.(harness.Pusher).Push(f) }

// looked runs the plain manager for a while with another View, as a Pusher or not, and returns how often View was called a second.
func looked(t *testing.T, pusher bool, view func(harness.View) harness.View) (*harness.Result, float64) {
	t.Helper()
	var calls atomic.Int64
	c := altered(func(m harness.Manager) harness.Manager {
		v := viewing{m, func(cluster string) (harness.View, bool) {
			calls.Add(1)
			shown, ok := m.View(cluster)
			return view(shown), ok
		}}
		if pusher {
			return pushingOn{v}
		}
		return v
	})
	r := execute(t, one, c, startManager)
	return r, float64(calls.Load()) / r.Virtual.Seconds()
}

func asItIs(v harness.View) harness.View { return v }

func TestAViewThatIsPushedIsLookedAtLessOften(t *testing.T) {
	r, often := looked(t, false, asItIs)
	require.Equal(t, record.Passed, r.Outcome, r.String())
	r, rarely := looked(t, true, asItIs)
	require.Equal(t, record.Passed, r.Outcome, r.String())
	require.InDelta(t, 2, often/rarely, 0.2)
}

func TestAViewThatDiffersFromWhatWasPushedIsLookedAtAsOftenAsAnyOther(t *testing.T) {
	empty := func(v harness.View) harness.View {
		v.Facts = nil
		return v
	}
	_, often := looked(t, false, asItIs)
	r, differing := looked(t, true, empty)
	require.Contains(t, failure(t, r, "honesty"), "View has shown other facts than were pushed for 150ms")
	require.InDelta(t, 1, often/differing, 0.2)

	// It differs for less than calm allows, again and again.
	begun := time.Time{}
	r, _ = looked(t, true, func(v harness.View) harness.View {
		if begun.IsZero() {
			begun = time.Now()
		}
		if time.Since(begun)%time.Second < 100*time.Millisecond {
			v.Facts = nil
		}
		return v
	})
	require.Equal(t, record.Passed, r.Outcome, r.String())
}
