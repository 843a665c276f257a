// Package schedule describes what happens in a run as data: the clusters, the members that the manager is attached to, and steps with their
// instants. A schedule is one text file, which people read, edit and commit:
//
//	# The leader's disk hangs; meanwhile beta is taken from the manager and given back.
//	cluster alpha 3
//	cluster beta 3
//	watch alpha/leader
//	5s for 30s HangDisk(alpha/leader)
//	12s Apply(alpha)
//	20s Apply(alpha, beta)
//	until 1m
//
// [Parse] reads a schedule, [Schedule.String] prints it, and [Schedule.Scenario] makes a scenario of it, which runs with any manager on any
// engine. The scenario has no requirements of its own: the oracles judge the run.
package schedule

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// Schedule is what happens in a run. Instants count from the start of the manager.
type Schedule struct {
	// About describes the schedule, line by line.
	About []string
	// Clusters are the clusters of the world.
	Clusters []harness.Spec
	// Watch are the members that the manager is attached to at its start, at most one of each cluster.
	Watch []harness.Ref
	// Steps are the steps in the order of their instants.
	Steps []Step
	// Until is how long the run lasts at least. Zero: until the last step has ended.
	Until time.Duration
	// Run is the run that the schedule is kept for.
	Run Run
}

// Run says with what a schedule is run, and what comes of it, if the schedule is kept for one run: one that failed, for example. A field that is
// empty or zero is not said.
type Run struct {
	Manager, Workload string
	Seed              uint64
	// Fails is the oracle that fails.
	Fails string
}

// lines are the lines of a schedule's text that say it.
func (r Run) lines() (lines []string) {
	for _, line := range []struct{ word, value string }{{"manager", r.Manager}, {"workload", r.Workload}, {"seed", r.seed()}, {"fails", r.Fails}} {
		if line.value != "" {
			lines = append(lines, line.word+" "+line.value)
		}
	}
	return lines
}

func (r Run) seed() string {
	if r.Seed == 0 {
		return ""
	}
	return strconv.FormatUint(r.Seed, 10)
}

// Step is one thing that happens.
type Step struct {
	At time.Duration
	// For is how long the step lasts. Zero: until the end, unless the action cannot be undone.
	For    time.Duration
	Action Action
}

// Action is what a step does.
type Action interface {
	// String is the action as an expression that Parse reads.
	String() string
	// Clusters are the names of the clusters that the action names.
	Clusters() []string
	// begin carries the action out. It returns a function that undoes it, or nil if there is nothing to undo, or an error if the action
	// is not possible now.
	begin(w *harness.World) (undo func(), err error)
}

// String prints the schedule as a text that [Parse] reads.
func (s Schedule) String() string {
	var b strings.Builder
	for _, line := range s.About {
		fmt.Fprintln(&b, strings.TrimSpace("# "+line))
	}
	for _, line := range s.Run.lines() {
		fmt.Fprintln(&b, line)
	}
	for _, c := range s.Clusters {
		fmt.Fprintf(&b, "cluster %s %d", c.Name, c.Members)
		if c.TLS {
			b.WriteString(" tls")
		}
		if c.Auth {
			b.WriteString(" auth")
		}
		b.WriteString("\n")
	}
	for _, m := range s.Watch {
		fmt.Fprintf(&b, "watch %s\n", m)
	}
	for _, step := range s.Steps {
		fmt.Fprintln(&b, step)
	}
	if s.Until > 0 {
		fmt.Fprintf(&b, "until %s\n", brief(s.Until))
	}
	return b.String()
}

// Line prints the schedule on one line that [Parse] reads, without its comments and without what it is run with.
func (s Schedule) Line() string {
	s.About, s.Run = nil, Run{}
	return strings.ReplaceAll(strings.TrimSpace(s.String()), "\n", "; ")
}

// End is when the schedule ends: Until, or the end of the last step if that is later.
func (s Schedule) End() time.Duration {
	end := s.Until
	for _, step := range s.Steps {
		end = max(end, step.At+step.For)
	}
	return end
}

func (s Step) String() string {
	if s.For > 0 {
		return fmt.Sprintf("%s for %s %s", brief(s.At), brief(s.For), s.Action)
	}
	return fmt.Sprintf("%s %s", brief(s.At), s.Action)
}

// brief prints a duration without zero units: "1m", not "1m0s".
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// sort sorts the steps by their instants. Steps of the same instant keep their order.
func (s *Schedule) sort() {
	slices.SortStableFunc(s.Steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
}
