package flawed

import "github.com/stormwatch/stormwatch/harness"

// nobody makes a nil manager and returns no error.
func nobody() harness.Candidate {
	c := guarded()
	c.Name, c.Summary = "nil", "Is made as nil, without an error."
	c.New = func(harness.Setup) (harness.Manager, error) { return nil, nil }
	return c
}
