package harness

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/bound"
)

// Candidate is a manager as it is brought to be tested: what it is, how to make it, and what it sets out to do. Nothing is asked of it that
// it never set out to do.
type Candidate struct {
	Name, Summary string
	New           NewManager
	// Workloads are those that it can be run with, the usual one first. At least one.
	Workloads []*Workload
	// Kinds are the kinds of the workload's facts that it shows. Empty: all of them.
	Kinds []string
	// Timing gives the manager's own figures, from what the engine suggests for one that can be told. A figure that stays zero is something
	// the manager has not got: a probe, an idle timeout, polls, keys of its own. Nil: what the engine suggests.
	Timing func(suggested bound.Manager) bound.Manager
	// Within are plain limits that it promises instead of those that follow from its timing.
	Within Limits
}

// Limits are how long a view may take to be fresh again because of a fault.
type Limits struct {
	// Any is for every fault that Of does not name. Zero: what follows from the timing.
	Any time.Duration
	// Of are limits by the fault's name, as fault.Parse reads it: "HangDisk".
	Of map[string]time.Duration
}

// of is the limit for a fault, if one is promised.
func (l Limits) of(fault string) (time.Duration, bool) {
	if limit, ok := l.Of[fault]; ok {
		return limit, true
	}
	return l.Any, l.Any > 0
}

// workload finds one of the candidate's by name; empty: the usual one.
func (c Candidate) workload(name string) (*Workload, error) {
	var names []string
	for _, w := range c.Workloads {
		if name == "" || w.Name == name {
			return w, nil
		}
		names = append(names, w.Name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("candidate %s names no workload: it needs at least one to be run with", c.Name)
	}
	return nil, fmt.Errorf("candidate %s cannot be run with the workload %q; it can be with %s", c.Name, name, strings.Join(names, ", "))
}

// kinds are those of the workload that the candidate shows.
func (c Candidate) kinds(w *Workload) ([]Kind, error) {
	if len(c.Kinds) == 0 {
		return w.Kinds, nil
	}
	var shown []Kind
	for _, name := range c.Kinds {
		i := slices.IndexFunc(w.Kinds, func(k Kind) bool { return k.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("candidate %s shows the kind %q, which the workload %s has not got", c.Name, name, w.Name)
		}
		shown = append(shown, w.Kinds[i])
	}
	return shown, nil
}

// paced is the timing and the kinds of a candidate that shows only such kinds as are not written at every load interval. For such a manager the
// load is that of the kind written most often: it cannot show, nor notice, what never happens to its kinds.
func paced(t bound.Timing, kinds []Kind) (bound.Timing, []Kind) {
	often := 0
	for _, k := range kinds {
		if k.Every > 0 && (often == 0 || k.Every < often) {
			often = k.Every
		}
	}
	if often <= 1 {
		return t, kinds
	}
	t.Load *= time.Duration(often)
	kinds = slices.Clone(kinds)
	for i := range kinds {
		kinds[i].Every = (kinds[i].Every + often - 1) / often
	}
	return t, kinds
}

// timing is the one in force for the candidate.
func (c Candidate) timing(suggested bound.Timing) bound.Timing {
	m := suggested.Manager
	if c.Timing != nil {
		m = c.Timing(m)
	}
	return suggested.With(m)
}
