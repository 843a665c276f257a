package burden

import "github.com/stormwatch/stormwatch/harness"

// alwaysWell claims that its view is up to date, whatever happens.
func alwaysWell(good harness.Candidate) harness.Candidate {
	return claiming(good, "always-well", "Claims that its view is up to date, also while it reaches no member.", harness.UpToDate)
}

// neverWell claims that its view is out of date, whatever happens.
func neverWell(good harness.Candidate) harness.Candidate {
	return claiming(good, "never-well", "Claims that its view is out of date, also while nothing is wrong.", harness.OutOfDate)
}

func claiming(good harness.Candidate, name, summary string, health harness.Health) harness.Candidate {
	c := good
	c.Name, c.Summary = name, summary
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := good.New(s)
		return claims{m, health}, err
	}
	return c
}

// claims is the good manager with another health in its views.
type claims struct {
	harness.Manager
	health harness.Health
}

// View returns the good manager's view with the health that is claimed.
func (c claims) View(cluster string) (harness.View, bool) {
	v, ok := c.Manager.View(cluster)
	v.Health = c.health
	return v, ok
}
