package flawed

import "github.com/stormwatch/stormwatch/harness"

// panickingClose panics when it is closed, after everything has ended.
func panickingClose() harness.Candidate {
	return cheater("panicking-close", "Panics when it is closed.", func(m harness.Manager) harness.Manager {
		return closePanics{m}
	})
}

type closePanics struct{ harness.Manager }

// Close closes the manager and panics.
func (c closePanics) Close() error {
	if err := c.Manager.Close(); err != nil {
		return err
	}
	panic("close of closed channel")
}
