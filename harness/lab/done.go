package lab

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// done is what was done in a session. Instants count from the join of the manager, or from the start of the session while none has joined.
type done struct {
	clusters []harness.Spec

	mu     sync.Mutex // guards the fields below
	joined bool
	watch  []harness.Ref
	steps  []step
	until  time.Duration
}

// step is a fault that was injected. to is negative while it lasts.
type step struct {
	fault    fault.Fault
	from, to time.Duration
	text     string // with the names of members
}

// situated is the fault with the role of its member instead of its name, if it has one that matters: the leader, or the one that the manager watches.
// In another run, another member leads; the same fault on it says the same about the manager.
func situated(w *harness.World, f fault.Fault) fault.Fault {
	on, one := f.Member()
	if !one {
		return f
	}
	for _, role := range []string{harness.RoleLeader, harness.RoleWatched} {
		as := harness.Ref{Cluster: on.Cluster, Member: role}
		c, err := w.Find(on.Cluster)
		if err != nil {
			return f
		}
		for _, m := range c.Members() {
			if m.Ref() != on {
				continue
			}
			attached := c.AttachedMembers()
			if role == harness.RoleLeader && !m.Leads() || role == harness.RoleWatched && (len(attached) == 0 || attached[0] != m) {
				continue
			}
			if same, err := fault.Parse(strings.Replace(f.String(), "("+on.String(), "("+as.String(), 1)); err == nil {
				return same
			}
		}
	}
	return f
}

// begin notes that a fault was injected, and returns its number.
func (d *done) begin(at time.Duration, f fault.Fault, text string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps = append(d.steps, step{f, at, -1, text})
	return len(d.steps) - 1
}

// heal notes that a fault was healed.
func (d *done) heal(step int, at time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps[step].to = at
}

// join notes that the manager has joined, at an instant of the world, and where its watches are: the role of the member if all are on one.
func (d *done) join(w *harness.World, at time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.joined = true
	for _, c := range w.Clusters() {
		on := c.AttachedMembers()
		if len(on) != 1 {
			continue
		}
		as := harness.Ref{Cluster: c.Name(), Member: harness.RoleFollower}
		if on[0].Leads() {
			as.Member = harness.RoleLeader
		}
		d.watch = append(d.watch, as)
	}
	for i := range d.steps {
		d.steps[i].from -= at
		if d.steps[i].to >= 0 {
			d.steps[i].to = max(0, d.steps[i].to-at)
		}
	}
}

// end notes when the session ended.
func (d *done) end(at time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.until = at
}

// schedule is what was done so far, as a schedule that can be run again. r says with what it was run.
func (d *done) schedule(r *harness.Result) schedule.Schedule {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := schedule.Schedule{Clusters: d.clusters, Watch: d.watch, Until: d.until.Round(time.Millisecond)}
	s.About = append(s.About, "What was done by hand in a lab.")
	if r != nil {
		s.Run.Workload = r.Workload
		if failed := r.FailedOracles(); len(failed) > 0 {
			s.About = append(s.About, fmt.Sprintf("The manager %s failed: %s.", r.Manager, strings.Join(failed, ", ")))
		}
	}
	for _, one := range d.steps {
		if one.from < 0 && one.to == 0 {
			s.About = append(s.About, fmt.Sprintf("Before the manager joined: %s.", one.fault))
			continue
		}
		from := max(0, one.from).Round(time.Millisecond)
		made := schedule.Step{At: from, Action: schedule.Inject{Fault: one.fault}}
		if one.to > from && !one.fault.Once() {
			made.For = one.to.Round(time.Millisecond) - from
		}
		if one.text != one.fault.String() {
			s.About = append(s.About, fmt.Sprintf("At %v it was %s.", from, one.text))
		}
		s.Steps = append(s.Steps, made)
	}
	return s
}
