package flawed

import (
	"github.com/stormwatch/stormwatch/fakes/services"
	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// Sound is a small manager without a known mistake, from which most flawed managers differ in one trait. It must pass every scenario. Otherwise it
// would not be known whether a flawed manager fails because of its mistake.
func Sound() harness.Candidate {
	return harness.Candidate{
		Name: "sound", Summary: "A small manager without a known mistake, from which most flawed ones differ in one thing.",
		Workloads: workloads(), New: made(soundTraits), Timing: unsynced,
	}
}

// unsynced is the suggested timing, except that the manager never reads the member list.
func unsynced(suggested bound.Manager) bound.Manager {
	suggested.Sync = 0
	return suggested
}

// spoiled is [Sound] with a mistake, which the named oracle must catch.
func spoiled(name, summary, caught string, spoil func(*traits)) harness.Candidate {
	c := Sound()
	c.Name, c.Summary, c.Caught = name, summary, caught
	c.New = made(func(t bound.Timing) traits {
		spoilt := soundTraits(t)
		spoil(&spoilt)
		return spoilt
	})
	return c
}

// onServices is a candidate whose usual workload is services: with tidb, the refreshing of leases writes also while the load rests, and only one
// server comes and goes.
func onServices(c harness.Candidate) harness.Candidate {
	c.Workloads = []*harness.Workload{services.Workload(), tidb.Workload()}
	return c
}

// unprobed is a candidate without a probe, which hides many other mistakes.
func unprobed(c harness.Candidate) harness.Candidate {
	c.Timing = func(suggested bound.Manager) bound.Manager {
		suggested = unsynced(suggested)
		suggested.ProbeInterval, suggested.ProbeTimeout, suggested.ProbeGrace = 0, 0, 0
		return suggested
	}
	return c
}

// silent is a candidate that neither probes nor requests progress, and has no idle timeout.
func silent(c harness.Candidate) harness.Candidate {
	c.Timing = func(suggested bound.Manager) bound.Manager {
		suggested = unsynced(suggested)
		suggested.ProbeInterval, suggested.ProbeTimeout, suggested.ProbeGrace = 0, 0, 0
		suggested.ProgressInterval, suggested.IdleTimeout = 0, 0
		return suggested
	}
	return c
}

// The names of what catches a mistake and is no oracle of package oracle.
const (
	steady = "steady" // a requirement of the scenarios with a slow member
)

// made returns the function that makes a manager with the traits for a timing.
func made(of func(bound.Timing) traits) harness.NewManager {
	return func(s harness.Setup) (harness.Manager, error) { return of(s.Timing).make(s) }
}
