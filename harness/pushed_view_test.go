package harness_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// pushingOn is a manager that pushes its views on, with another View.
type pushingOn struct{ viewing }

func (p pushingOn) Push(f func(string, harness.View)) { p.Manager.(harness.Pusher).Push(f) }

// emptied runs the plain manager, which pushes its views, with a View without facts while empty says so, given the time since the first call.
func emptied(t *testing.T, empty func(since time.Duration) bool) *harness.Result {
	t.Helper()
	begun := time.Time{}
	c := altered(func(m harness.Manager) harness.Manager {
		return pushingOn{viewing{m, func(cluster string) (harness.View, bool) {
			if begun.IsZero() {
				begun = time.Now()
			}
			v, ok := m.View(cluster)
			if empty(time.Since(begun)) {
				v.Facts = nil
			}
			return v, ok
		}}}
	})
	return execute(t, one, c, startManager)
}

func TestAViewMustNotDifferForLongFromWhatWasPushed(t *testing.T) {
	r := emptied(t, func(time.Duration) bool { return true })
	require.Contains(t, failure(t, r, "honesty"), "View has shown other facts than were pushed for 150ms")

	// A push may be on its way when the harness looks.
	r = emptied(t, func(since time.Duration) bool { return since%time.Second < 100*time.Millisecond })
	require.Equal(t, record.Passed, r.Outcome, r.String())
}
