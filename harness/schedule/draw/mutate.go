package draw

import (
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// mutate returns the parent with one to three things changed: when a step happens, how long it lasts, on which member it is, which fault it is; a step or an
// incident more, a step less, or some steps of another schedule; where the manager is attached, or how many members a cluster has. If the parent keeps
// its quorum, the result mostly does too. The same arguments give the same schedule. The parent and the other are not changed.
func mutate(seed uint64, space Space, parent, other schedule.Schedule) schedule.Schedule {
	d := newDrawer(seed, mutation, space)
	d.s = parent
	d.s.Clusters = slices.Clone(parent.Clusters)
	d.s.Watch = slices.Clone(parent.Watch)
	d.s.Steps = slices.Clone(parent.Steps)
	d.s.Run = schedule.Run{Workload: parent.Run.Workload}
	d.keeps = keepsQuorum(parent) && d.chance(85)
	d.limit = d.lastEnd() + space.timing().LeaseTTL/2
	for changes, tries := 0, 0; changes < 1+d.weigh(50, 30, 20) && tries < 20; tries++ {
		before := d.s
		d.s.Steps = slices.Clone(before.Steps)
		if d.change(other) && d.repair() {
			changes++
		} else {
			d.s = before
		}
	}
	return d.finish()
}

// change changes one thing. It says whether it has.
func (d *drawer) change(other schedule.Schedule) bool {
	i := -1
	if len(d.s.Steps) > 0 {
		i = d.IntN(len(d.s.Steps))
	}
	choice := d.weigh(18, 18, 12, 12, 12, 8, 6, 8, 3, 3)
	if i < 0 && choice < 4 {
		choice = 4
	}
	t := d.space.timing()
	switch choice {
	case 0: // when it happens
		return d.replace(i, func(s *schedule.Step) { s.At = max(5*t.Election, s.At+d.between(0, 20*t.Election)-10*t.Election) })
	case 1: // how long it lasts
		return d.replace(i, func(s *schedule.Step) { s.For = d.length() })
	case 2: // on which member
		return d.replace(i, func(s *schedule.Step) {
			if inject, ok := s.Action.(schedule.Inject); ok {
				s.Action = schedule.Inject{Fault: d.fault(find(inject.Fault.Name()), inject.Fault.Clusters()[0], "")}
			}
		})
	case 3: // which fault
		return d.replace(i, func(s *schedule.Step) {
			if inject, ok := s.Action.(schedule.Inject); ok {
				m, _ := inject.Fault.Member()
				s.Action = schedule.Inject{Fault: d.fault(d.kind(), inject.Fault.Clusters()[0], m.Member)}
			}
		})
	case 4, 5: // a fault or an incident more
		d.at = 5 * t.Election
		if i >= 0 {
			d.at = max(d.at, d.s.Steps[i].At+d.between(0, 2*d.s.Steps[i].For+2*t.Election)-t.Election)
		}
		before := len(d.s.Steps)
		draw := anyFault
		if choice == 5 {
			draw = (*drawer).incident
		}
		draw(d, one(d, d.s.Clusters).Name)
		return len(d.s.Steps) > before
	case 6: // a step less
		if len(d.s.Steps) < 2 {
			return false
		}
		d.s.Steps = slices.Delete(d.s.Steps, i, i+1)
		return true
	case 7:
		return d.splice(other)
	case 8:
		d.watch()
		return true
	}
	d.s.Clusters = slices.Clone(d.s.Clusters)
	c := d.IntN(len(d.s.Clusters))
	d.s.Clusters[c].Members = []int{3, 1, 5}[d.weigh(50, 25, 25)]
	for i, m := range d.s.Watch {
		if m.Cluster == d.s.Clusters[c].Name {
			d.s.Watch[i].Member = harness.RoleLeader // the member may not be there
		}
	}
	return true
}

// replace takes a step out and adds it again as changed. It says whether that was possible.
func (d *drawer) replace(i int, change func(*schedule.Step)) bool {
	step := d.s.Steps[i]
	was := step.String()
	change(&step)
	d.s.Steps = slices.Delete(d.s.Steps, i, i+1)
	return step.String() != was && d.add(step.At, step.For, step.Action)
}

// splice adds some successive steps of another schedule, with the times between them kept.
func (d *drawer) splice(other schedule.Schedule) bool {
	if len(other.Steps) == 0 {
		return false
	}
	first := d.IntN(len(other.Steps))
	taken := other.Steps[first:min(len(other.Steps), first+1+d.IntN(4))]
	t := d.space.timing()
	shift := d.between(5*t.Election, max(6*t.Election, d.lastEnd())) - taken[0].At
	added := false
	for _, step := range taken {
		added = d.add(step.At+shift, step.For, step.Action) || added
	}
	return added
}

// repair takes out the steps that may not be possible any more. It says whether the schedule is one that may be drawn.
func (d *drawer) repair() bool {
	for {
		f := look(d.s, d.space.timing().Election)
		if len(f.unlikely) == 0 {
			return len(d.s.Steps) > 0 && !(d.keeps && f.loses) && d.s.Check() == nil
		}
		i := f.unlikely[0]
		d.s.Steps = slices.Delete(slices.Clone(d.s.Steps), i, i+1)
	}
}

// lastEnd is when the last step ends.
func (d *drawer) lastEnd() time.Duration {
	end := time.Duration(0)
	for _, step := range d.s.Steps {
		end = max(end, step.At+step.For)
	}
	return end
}
