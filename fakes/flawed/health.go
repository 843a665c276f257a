package flawed

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// alwaysWell claims that its view is up to date, whatever happens.
func alwaysWell() harness.Candidate {
	return claiming("always-well", "Claims that its view is up to date, also while it reaches no member.", harness.UpToDate)
}

// neverWell claims that its view is out of date, whatever happens.
func neverWell() harness.Candidate {
	return claiming("never-well", "Claims that its view is out of date, also while nothing is wrong.", harness.OutOfDate)
}

func claiming(name, summary string, health harness.Health) harness.Candidate {
	c := viewCheater(name, summary, func() change {
		return func(_ string, v harness.View, ok bool) (harness.View, bool) {
			v.Health = health
			return v, ok
		}
	})
	c.Caught = oracle.Honesty{}.Name()
	return c
}
