// Package draw draws schedules from seeds, changes them, and keeps those that are worth changing further.
//
//	seed ──► Schedule ──► run ──► what the run reached (record.Reached)
//	            ▲                        │
//	seed ──► mutate ◄── kept ◄── Learn ◄─┘        [Guide] does this round trip
//
// # How a schedule is drawn
//
// First the clusters are drawn, where the manager is attached, whether each cluster keeps its quorum, and how long the storm is. A schedule then has three
// parts: calm until the manager is attached, the storm, and a calm end, in which every fault has been healed:
//
//	0s     5s to 12s                                       the last end     until
//	├─calm─┼──────────────────── storm ───────────────────┼────calm end────┤ (then a run goes on for bound.Timing.Stay by itself)
//
// The storm is a sequence of incidents, which may overlap. An incident is a few steps that belong together, such as the reset of every member with a
// compaction meanwhile; the table is in incidents.go, each with its weight. The most frequent incident is a single fault of any kind; those weights are
// in kinds.go. How long a step lasts is drawn by the intervals that matter (see lengths in drawer.go): shorter than an election, as long as a recovery,
// longer than a keepalive, a quarantine, or a lease.
//
// Each step is tried on the schedule before it is added: package draw follows the events in their order (forecast.go) and leaves a step out that may not
// be possible at its instant, for example because its member may be down, or that would cost the quorum when it should be kept.
//
// To change what is drawn more often, change a weight in one of the two tables. To draw a new kind of fault, add its line to kinds; a test fails until it
// is there. To add an incident, add a function and a line.
//
// # Why not pgregory.net/rapid
//
// Schedules are drawn with math/rand/v2. Generators of rapid v1.3.0 are deterministic in their seed, but they are made for tests: importing the package
// registers ten flags in flag.CommandLine and panics at the start of the program if a RAPID_ variable in the environment is malformed; with RAPID_LOG
// each draw is printed on standard output, amid our lines of JSON. Integers and choices are biased towards the first ones, for shrinking: of 44 equal
// choices the first is drawn nine times as often as the fortieth, so weights would not be what they say. And Example runs a generator that panics again,
// up to a thousand times, so that a mistake in drawing would pass as another schedule. A schedule is shrunk by running it, which rapid cannot do.
package draw

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// Space is what schedules are drawn from. The zero value is every fault, with the candidate's usual workload.
type Space struct {
	// Faults are the names of the faults that are drawn, such as "HangDisk". Empty: all of [fault.All].
	Faults []string
	// Workloads are the names of the workloads that are drawn from. Empty: a schedule names none, which means the candidate's usual one.
	Workloads []string
}

// timing is the timing from which lengths are derived: production's. On an engine with shorter timeouts the same schedules are long ones.
func (Space) timing() bound.Timing { return bound.Production() }

// has says whether a fault of this name is drawn.
func (s Space) has(name string) bool { return len(s.Faults) == 0 || slices.Contains(s.Faults, name) }

// Schedule draws a schedule. The same seed and space give the same schedule.
func Schedule(seed uint64, space Space) schedule.Schedule {
	d := newDrawer(seed, fresh, space)
	d.world()
	d.storm()
	return d.finish()
}

// The streams of random numbers that follow from one seed.
const (
	fresh uint64 = iota + 1
	mutation
	guidance
)

// clusterNames are the names of the clusters that are drawn.
var clusterNames = []string{"alpha", "beta", "gamma"}

// world draws the clusters, where the manager is attached, and the workload.
func (d *drawer) world() {
	for _, name := range clusterNames[:1+d.weigh(15, 75, 10)] {
		spec := harness.Spec{Name: name, Members: []int{3, 1, 5}[d.weigh(78, 12, 10)], TLS: d.chance(6), Auth: d.chance(6)}
		d.s.Clusters = append(d.s.Clusters, spec)
	}
	d.watch()
	if len(d.space.Workloads) > 0 {
		d.s.Run.Workload = one(d, d.space.Workloads)
	}
	// Of a cluster of one member, every fault that stops it costs the quorum, so most such schedules lose it.
	d.keeps = d.chance(60)
}

// watch draws where the manager is attached: to a member of the first cluster, and sometimes of others too.
func (d *drawer) watch() {
	d.s.Watch = nil
	for i, c := range d.s.Clusters {
		if i > 0 && !d.chance(30) {
			continue
		}
		m := harness.RoleLeader
		switch d.weigh(60, 20, 20) {
		case 1:
			if c.Members > 1 {
				m = harness.RoleFollower
			}
		case 2:
			m = fmt.Sprintf("m%d", 1+d.IntN(c.Members))
		}
		d.s.Watch = append(d.s.Watch, harness.Ref{Cluster: c.Name, Member: m})
	}
}

// storm draws incidents until the drawn time or number is reached.
func (d *drawer) storm() {
	t := d.space.timing()
	d.limit = d.between(t.LeaseTTL/2, t.LeaseTTL)
	switch d.weigh(25, 50, 20, 5) {
	case 1:
		d.limit = d.between(t.LeaseTTL, 3*t.LeaseTTL)
	case 2:
		d.limit = d.between(3*t.LeaseTTL, 5*t.LeaseTTL)
	case 3:
		d.limit = d.between(5*t.LeaseTTL, 10*t.LeaseTTL)
	}
	d.at = d.between(5*t.Election, 12*t.Election)
	d.limit += d.at
	focus := one(d, d.s.Clusters).Name
	if d.chance(70) {
		focus = d.s.Clusters[0].Name
	}
	most := 1 + d.weigh(20, 30, 25, 15, 10)
	for tries := 0; d.incidents < most && tries < 20 && d.at < d.limit; tries++ {
		c := focus
		if d.chance(20) {
			c = one(d, d.s.Clusters).Name
		}
		before := len(d.s.Steps)
		d.incident(c)
		if len(d.s.Steps) > before {
			d.incidents++
			d.move()
		}
	}
}

// finish completes the schedule: every step ends, and a calm end follows. It makes the clusters such that the faults are possible.
func (d *drawer) finish() schedule.Schedule {
	s := d.s
	t := d.space.timing()
	s.Clusters = slices.Clone(s.Clusters)
	for _, step := range s.Steps {
		if inject, ok := step.Action.(schedule.Inject); ok {
			for j := range s.Clusters {
				s.Clusters[j] = inject.Fault.Suit(s.Clusters[j])
			}
		}
	}
	s.Until = d.lastEnd() + d.between(5*t.Election, 15*t.Election)
	s.About = []string{"Drawn. Each cluster keeps its quorum."}
	if !keepsQuorum(s) {
		s.About = []string{"Drawn. A cluster may lose its quorum."}
	}
	return s
}

// newDrawer makes a drawer of one of the streams of a seed.
func newDrawer(seed, stream uint64, space Space) *drawer {
	return &drawer{Rand: rand.New(rand.NewPCG(seed, stream)), space: space}
}
