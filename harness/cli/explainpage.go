package cli

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
)

// tell writes what a scenario is, what happens in it, and what is allowed because of that, as it follows from a run. It names members by their roles and
// no instants, so that two runs tell the same.
func tell(out io.Writer, s harness.Scenario, r *record.Record) {
	fmt.Fprintf(out, "# %s\n\n%s\n", s.Name, s.Summary)
	if s.Incident != "" {
		fmt.Fprintf(out, "\n**Where it happened:** %s.\n", strings.TrimSuffix(s.Incident, "."))
	}
	fmt.Fprintf(out, "\n**Before it begins:** %s. Programs write to each of them, and the manager shows what they write.\n", inventory(s.Clusters))
	firsts := firstOfEach(r.Faults)
	fmt.Fprintf(out, "\n## What happens\n\n")
	if len(firsts) == 0 {
		fmt.Fprintf(out, "The clusters have no fault. What the manager is given, or what the programs do, changes as the first sentence says.\n")
	}
	for i, f := range firsts {
		fmt.Fprintf(out, "%d. `%s`%s: %s.\n", i+1, byRole(r, f), times(r.Faults, f), about(f))
	}
	fmt.Fprintf(out, "\n## What is allowed, and why\n\n")
	b := r.Bounds()
	told := map[string]bool{}
	for _, f := range firsts {
		allowance(out, b, f, told)
	}
	fmt.Fprintf(out, "At all other times, and from a recovery on also while the fault lasts, a view may lag behind by **%s**: %s.\n", b.Calm(), calmTerms(b))
	if refresh := b.Timing.Refresh; refresh > 0 {
		fmt.Fprintf(out, "\nThe manager's own keys may be missing for **%s**: %s until the next refresh, %s for attaching to another member, %s as above.\n",
			b.Registered(), refresh, b.Attach(), b.Calm())
	}
}

// inventory says in words which clusters there are.
func inventory(specs []harness.Spec) string {
	var names []string
	for _, spec := range specs {
		names = append(names, "`"+spec.Name+"`")
	}
	size := "one member"
	if n := specs[0].Members; n > 1 {
		size = fmt.Sprintf("%d members", n)
	}
	last := len(names) - 1
	switch {
	case last == 0:
		return fmt.Sprintf("there is a cluster, %s, of %s", names[0], size)
	case last < 3:
		return fmt.Sprintf("there are the clusters %s and %s, of %s each", strings.Join(names[:last], ", "), names[last], size)
	}
	return fmt.Sprintf("there are %d clusters, %s to %s, of %s each", len(names), names[0], names[last], size)
}

// firstOfEach returns the first fault of each name.
func firstOfEach(faults []record.Fault) []record.Fault {
	var firsts []record.Fault
	for _, f := range faults {
		if !slices.ContainsFunc(firsts, func(o record.Fault) bool { return faultName(o) == faultName(f) }) {
			firsts = append(firsts, f)
		}
	}
	return firsts
}

// faultName is the name of a fault without its arguments.
func faultName(f record.Fault) string {
	name, _, _ := strings.Cut(f.Text, "(")
	return name
}

// times says how often a fault of this name happens, if more than once.
func times(faults []record.Fault, f record.Fault) string {
	switch n := countOf(faults, f); n {
	case 1:
		return ""
	case 2:
		return " and another one"
	default:
		return fmt.Sprintf(" and %d more", n-1)
	}
}

// countOf is how often a fault of this name happens.
func countOf(faults []record.Fault, f record.Fault) (n int) {
	for _, o := range faults {
		if faultName(o) == faultName(f) {
			n++
		}
	}
	return n
}

var memberName = regexp.MustCompile(`\b([a-z][a-z0-9-]*)/(m\d+)\b`)

// byRole is the text of a fault with the members named by what they were just before it began.
func byRole(r *record.Record, f record.Fault) string {
	return memberName.ReplaceAllStringFunc(f.Text, func(path string) string {
		cluster, member, _ := strings.Cut(path, "/")
		if r.LeaderAt(cluster, f.From-1) == member { // at the instant itself its effect may be on record already
			return cluster + "/" + harness.RoleLeader
		}
		return cluster + "/" + harness.RoleFollower
	})
}

// about is the sentence that says what a fault does.
func about(f record.Fault) string {
	for _, d := range fault.All() {
		if d.Name == faultName(f) {
			return d.About
		}
	}
	return "a fault point that was switched from outside"
}

// allowance says in words what a fault allows, with a table of the summands the first time that the allowance is named.
func allowance(out io.Writer, b bound.Bounds, f record.Fault, told map[string]bool) {
	a := f.Allowance
	fmt.Fprintf(out, "When `%s` begins, and again when it is over, the view of its cluster must be fresh within **%s** (%s)", faultName(f), a.Recovery, a.Name)
	if a.Lasting > 0 {
		fmt.Fprintf(out, ", and may lag behind by %s more for as long as it lasts", a.Lasting)
	}
	terms := b.Terms(a.Name)
	if terms == nil || told[a.Name] {
		fmt.Fprintf(out, ".\n\n")
		return
	}
	told[a.Name] = true
	fmt.Fprintf(out, ":\n\n| what takes the time | at most |\n| --- | --- |\n")
	var sum time.Duration
	for _, t := range terms {
		fmt.Fprintf(out, "| %s | %s |\n", t.What, t.Long)
		sum += t.Long
	}
	fmt.Fprintf(out, "| together | %s |\n\n", sum)
}

// calmTerms says what the calm bound is made of.
func calmTerms(b bound.Bounds) string {
	text := fmt.Sprintf("%v for an event to reach the manager, %v until the harness looks", b.Timing.Heartbeat, b.Timing.Observe)
	if b.Timing.Poll > 0 {
		text += fmt.Sprintf(", %v until the manager's next poll", b.Timing.Poll)
	}
	return text
}
