package flawed

import "github.com/stormwatch/stormwatch/harness"

// leaky starts a goroutine that never ends.
func leaky() harness.Candidate {
	return cheater("leaky", "Starts a goroutine that nothing ends.", func(m harness.Manager) harness.Manager {
		go func() { <-make(chan struct{}) }()
		return m
	})
}
