package harness

import (
	"fmt"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// CloseManager closes the first manager while the faults in force go on; otherwise the world heals all faults before it closes the manager. It blocks
// until Close has returned, for twice [bound.Bounds.Close] at most. Connections, watches, leases and keys that a cluster with a fault still has are
// looked for after all faults have healed and the manager's leases, which it may have been unable to revoke, have expired.
func (w *World) CloseManager() {
	m := w.first()
	if m == nil {
		w.fail("CloseManager before StartManager")
	}
	w.closeEarly(m)
}

// CloseRival closes the manager that StartRival has started last, as CloseManager does.
func (w *World) CloseRival() {
	all := w.running()
	if len(all) == 0 || all[len(all)-1].number == 1 {
		w.fail("CloseRival before StartRival")
	}
	w.closeEarly(all[len(all)-1])
}

func (w *World) closeEarly(m *managed) {
	w.close(m)
	w.early = true
	w.recordLeftovers("Close", w.Bounds().Calm(), m.goroutines)
}

// closeManagers closes the managers that the scenario has not closed, the last first, and records what they leave behind. All faults have healed.
func (w *World) closeManagers() {
	limit := w.Bounds().Calm()
	if w.early {
		limit += w.Bounds().Expiry()
	}
	for _, m := range slices.Backward(w.running()) {
		w.close(m)
	}
	if w.own == nil {
		return
	}
	for _, c := range w.clusters {
		c.checkGuards()
		limit += c.unrevoked()
	}
	w.recordLeftovers("Close", limit, func() []string {
		var left []string
		for _, m := range w.managers {
			left = append(left, m.goroutines()...)
		}
		if slices.ContainsFunc(w.managers, (*managed).outlives) {
			return left // what others keep in the clusters cannot be told from what is left
		}
		for _, c := range w.clusters {
			left = append(left, c.leftovers()...)
			left = append(left, c.remaining(w.own[c])...)
		}
		return left
	})
}

// close calls a manager's Close. Its own keys must be gone at the end.
func (w *World) close(m *managed) {
	if w.own == nil {
		w.own = map[*Cluster][]string{}
	}
	for _, c := range w.clusters {
		w.own[c] = append(w.own[c], m.ownKeys(c)...)
	}
	m.recorder.ManagerClosing()
	for _, c := range w.clusters {
		m.end(c)
	}
	closed := make(chan error, 1)
	go m.do(func() {
		var err error
		if caught := catch(func() { err = m.manager.Close() }); caught != nil {
			err = caught
			m.recorder.Answer(record.Answer{Problem: fmt.Sprintf("Close panicked: %v", caught)})
		}
		closed <- err
	})
	// We wait twice the bound, so that the evidence can distinguish a Close that is late from one that never returns.
	timer := time.NewTimer(2 * w.Bounds().Close())
	defer timer.Stop()
	select {
	case err := <-closed:
		m.recorder.ManagerClosed()
		if err != nil {
			w.Note("the manager's Close returned: %v", err)
		}
	case <-timer.C:
		w.Note("the manager's Close did not return")
	}
	m.closed.Store(true)
}

// recordLeftovers waits until find finds nothing, for limit at most, and records what it still finds then.
func (w *World) recordLeftovers(after string, limit time.Duration, find func() []string) {
	var left []string
	w.await(limit, func() bool {
		left = find()
		return len(left) == 0
	})
	for _, what := range left {
		w.recorder.Left(after, what)
	}
}
