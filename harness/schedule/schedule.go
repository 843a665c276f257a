// Package schedule has what happens in a run as data: clusters, where the manager is attached, and steps with their instants. A schedule is one
// text file, which a person reads, edits and commits:
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
// [Parse] reads it, [Schedule.String] prints it, and [Schedule.Scenario] makes a scenario of it that runs with any manager on any engine. It
// requires nothing by itself: the oracles judge.
package schedule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// Schedule is what happens in a run. Instants count from when the manager has started.
type Schedule struct {
	// About says what it is about, in lines.
	About []string
	// Clusters are those of the world.
	Clusters []harness.Spec
	// Watch are the members that the manager is attached to when it has started, at most one of a cluster.
	Watch []harness.Ref
	// Steps are in the order of their instants.
	Steps []Step
	// Until is how long it lasts at least. Zero: until the last step is over.
	Until time.Duration
}

// Step is one thing that happens.
type Step struct {
	At time.Duration
	// For is how long it lasts. Zero: until the end, unless the action is over as soon as it has happened.
	For    time.Duration
	Action Action
}

// Action is what a step does.
type Action interface {
	// String is the action as an expression that Parse reads.
	String() string
	// Clusters are the names of the clusters that it concerns.
	Clusters() []string
	// begin does it and returns how to undo it, or nil if there is nothing to undo. An error says why it cannot be done now.
	begin(w *harness.World) (undo func(), err error)
}

// String is the schedule as a text that [Parse] reads.
func (s Schedule) String() string {
	var b strings.Builder
	for _, line := range s.About {
		fmt.Fprintln(&b, strings.TrimSpace("# "+line))
	}
	for _, c := range s.Clusters {
		fmt.Fprintf(&b, "cluster %s %d\n", c.Name, c.Members)
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

func (s Step) String() string {
	if s.For > 0 {
		return fmt.Sprintf("%s for %s %s", brief(s.At), brief(s.For), s.Action)
	}
	return fmt.Sprintf("%s %s", brief(s.At), s.Action)
}

// brief prints a length of time without the zero units that time.Duration adds: "1m", not "1m0s".
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

// sort puts the steps in the order of their instants. Those of one instant keep theirs.
func (s *Schedule) sort() {
	slices.SortStableFunc(s.Steps, func(a, b Step) int { return cmp.Compare(a.At, b.At) })
}
