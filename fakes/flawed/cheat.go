package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
)

// change makes of what View would answer about a cluster what it does answer.
type change func(cluster string, v harness.View, ok bool) (harness.View, bool)

// cheat is [guarded] with something wrong about how its views are shown. It pushes none, so that what is wrong is all that is seen.
type cheat struct {
	harness.Manager
	change change
}

// View is the manager's, changed.
func (c cheat) View(cluster string) (harness.View, bool) {
	v, ok := c.Manager.View(cluster)
	return c.change(cluster, v, ok)
}

// cheater is a candidate that is [guarded] but for what is made of its managers.
func cheater(name, summary string, spoil func(harness.Manager) harness.Manager) harness.Candidate {
	c := guarded()
	c.Name, c.Summary = name, summary
	good := c.New
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := good(s)
		if err != nil {
			return nil, err
		}
		return spoil(m), nil
	}
	return c
}

// viewCheater is one whose views are changed. changes is called once for each manager.
func viewCheater(name, summary string, changes func() change) harness.Candidate {
	return cheater(name, summary, func(m harness.Manager) harness.Manager { return cheat{m, changes()} })
}
