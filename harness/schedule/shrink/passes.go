package shrink

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// dropSteps leaves out steps: all, then halves, quarters and so on, then each two that follow each other, then single ones. Then no single step can be left
// out.
func (x *search) dropSteps() {
	none := without(x.best, 0, len(x.best.Steps))
	none.Until = max(none.Until, calm)
	asLong := none
	asLong.Until = x.best.End()
	if len(x.best.Steps) > 0 && x.first(none, asLong) >= 0 {
		return
	}
	for size := (len(x.best.Steps) + 1) / 2; size > 2; size = (size + 1) / 2 {
		x.dropWindows(size, size)
	}
	x.dropWindows(2, 1)
	for before := -1; before != len(x.best.Steps) && !x.over(); {
		before = len(x.best.Steps)
		x.dropWindows(1, 1)
	}
}

// calm is the least length of a run without a step. Without any length, a schedule would say nothing at all.
const calm = time.Second

// dropWindows leaves out each size steps that follow each other, beginning at every stride-th step.
func (x *search) dropWindows(size, stride int) {
	for from := 0; from < len(x.best.Steps); {
		var candidates []schedule.Schedule
		for i := from; i < len(x.best.Steps); i += stride {
			candidates = append(candidates, without(x.best, i, min(i+size, len(x.best.Steps))))
		}
		i := x.first(candidates...)
		if i < 0 {
			return
		}
		from += i * stride // the step that followed those is there now
	}
}

// without returns the schedule without the steps from an index up to another.
func without(s schedule.Schedule, from, to int) schedule.Schedule {
	s.Steps = slices.Delete(slices.Clone(s.Steps), from, to)
	return s
}

// dropClusters leaves out clusters, with the steps on them.
func (x *search) dropClusters() {
	for i := len(x.best.Clusters) - 1; i >= 0; i-- {
		if len(x.best.Clusters) > 1 {
			x.smaller(withoutCluster(x.best, x.best.Clusters[i].Name))
		}
	}
}

func withoutCluster(s schedule.Schedule, name string) schedule.Schedule {
	s.Clusters = slices.DeleteFunc(slices.Clone(s.Clusters), func(c harness.Spec) bool { return c.Name == name })
	s.Watch = slices.DeleteFunc(slices.Clone(s.Watch), func(m harness.Ref) bool { return m.Cluster == name })
	if len(s.Watch) == 0 {
		s.Watch = []harness.Ref{{Cluster: s.Clusters[0].Name, Member: harness.RoleLeader}}
	}
	var steps []schedule.Step
	for _, step := range s.Steps {
		if apply, ok := step.Action.(schedule.Apply); ok {
			apply.Names = slices.DeleteFunc(slices.Clone(apply.Names), func(n string) bool { return n == name })
			if len(apply.Names) == 0 {
				continue
			}
			step.Action = apply
		}
		if !slices.Contains(step.Action.Clusters(), name) {
			steps = append(steps, step)
		}
	}
	s.Steps = steps
	return s
}

// simplifyClusters leaves out placements of the watch, members, TLS and authentication.
func (x *search) simplifyClusters() {
	for i := len(x.best.Watch) - 1; i >= 0 && len(x.best.Watch) > 1; i-- {
		s := x.best
		s.Watch = slices.Delete(slices.Clone(s.Watch), i, i+1)
		x.smaller(s)
	}
	for i := range x.best.Clusters {
		var fewer []schedule.Schedule
		for n := 1; n < x.best.Clusters[i].Members; n += 2 {
			fewer = append(fewer, ofSize(x.best, i, n))
		}
		x.first(fewer...)
		x.change(i, func(c *harness.Spec) { c.TLS, c.Auth = false, false })
		x.change(i, func(c *harness.Spec) { c.TLS = false })
		x.change(i, func(c *harness.Spec) { c.Auth = false })
	}
}

// change tries a change to a cluster.
func (x *search) change(i int, to func(*harness.Spec)) {
	s := x.best
	s.Clusters = slices.Clone(s.Clusters)
	to(&s.Clusters[i])
	if s.Clusters[i] != x.best.Clusters[i] {
		x.smaller(s)
	}
}

// ofSize returns the schedule with n members in a cluster. What was on a member that is not there any more is on another.
func ofSize(s schedule.Schedule, cluster, n int) schedule.Schedule {
	s.Clusters = slices.Clone(s.Clusters)
	s.Clusters[cluster].Members = n
	member := regexp.MustCompile(`\b` + regexp.QuoteMeta(s.Clusters[cluster].Name) + `/m([0-9]+)\b`)
	text := member.ReplaceAllStringFunc(s.String(), func(m string) string {
		number, err := strconv.Atoi(member.FindStringSubmatch(m)[1])
		if err != nil || number <= n {
			return m
		}
		return s.Clusters[cluster].Name + "/m" + strconv.Itoa((number-1)%n+1)
	})
	if renamed, err := schedule.Parse(text); err == nil {
		return renamed
	}
	return s
}
