package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
)

// change changes an answer of View about a cluster.
type change func(cluster string, v harness.View, ok bool) (harness.View, bool)

// cheat is [guarded] with changed answers of View. It does not push views, so the harness sees the changed answers only.
type cheat struct {
	harness.Manager
	change change
}

// View returns the manager's view, changed.
func (c cheat) View(cluster string) (harness.View, bool) {
	v, ok := c.Manager.View(cluster)
	return c.change(cluster, v, ok)
}

// cheater is [guarded] with its managers replaced by what spoil makes of them.
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

// viewCheater is [guarded] with changed views. changes is called once for each manager.
func viewCheater(name, summary string, changes func() change) harness.Candidate {
	return cheater(name, summary, func(m harness.Manager) harness.Manager { return cheat{m, changes()} })
}
