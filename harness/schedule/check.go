package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness"
)

// Check returns an error for a schedule that cannot be run: it names a cluster that it does not have, the manager would have to be attached
// to two members of one cluster, or something is done with a manager that has been closed.
func (s Schedule) Check() error {
	var clusters []string
	for _, c := range s.Clusters {
		clusters = append(clusters, c.Name)
	}
	var errs []error
	has := func(what fmt.Stringer, name string) {
		if !slices.Contains(clusters, name) {
			errs = append(errs, fmt.Errorf("%s: no cluster is called %q; there are %s", what, name, strings.Join(clusters, ", ")))
		}
	}
	attached := map[string]bool{}
	for _, m := range s.Watch {
		has(m, m.Cluster)
		if attached[m.Cluster] {
			errs = append(errs, fmt.Errorf("watch %s: the manager is attached to one member of a cluster, and %s has another already", m, m.Cluster))
		}
		if m.Member == harness.RoleWatched {
			errs = append(errs, fmt.Errorf("watch %s: nothing is watched before the manager has started", m))
		}
		attached[m.Cluster] = true
	}
	for _, step := range s.Steps {
		for _, name := range step.Action.Clusters() {
			has(step, name)
		}
	}
	return errors.Join(append(errs, s.checkManagers())...)
}

// checkManagers returns an error if there are two rivals, or something is done with the manager after its Close.
func (s Schedule) checkManagers() error {
	var closed *Step
	rivals := 0
	for _, e := range s.Events() {
		step := s.Steps[e.Step]
		switch step.Action.(type) {
		case Rival, Close, Apply:
		default:
			continue
		}
		if e.Undo {
			continue
		}
		if closed != nil {
			return fmt.Errorf("%s: the manager was closed before, by %s", step, closed)
		}
		switch step.Action.(type) {
		case Rival:
			if rivals++; rivals > 1 {
				return fmt.Errorf("%s: a run has one rival at most", step)
			}
		case Close:
			closed = &step
		}
	}
	return nil
}
