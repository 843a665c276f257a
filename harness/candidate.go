package harness

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/bound"
)

// Candidate describes a manager to be tested: its name, how to make it, and what it is meant to do. It is not judged by what it is not meant to do.
type Candidate struct {
	// Name is its name in the command. Summary is one sentence for the command's list.
	Name, Summary string
	// New makes the manager for one run.
	New NewManager
	// Workloads are the workloads that it can be run with, the usual one first. At least one is needed.
	Workloads []*Workload
	// Kinds are the kinds of the workload's facts that it shows. Empty: all of them.
	Kinds []string
	// Timing returns the manager's own intervals. A manager whose intervals can be set may return the engine's suggestion or a part of it. A zero
	// interval means that the manager has no such thing: no probe, no idle timeout, no polls, no keys of its own (see [bound.Manager]). Nil: the
	// engine's suggestion.
	Timing func(suggested bound.Manager) bound.Manager
	// Streams is how many watches of one key it keeps open at once, for example two if it watches each prefix on two members. Zero: as many as it
	// had before the first fault.
	Streams int
	// Within are limits that the manager promises. They replace the allowances that follow from its timing. Zero: none.
	Within Limits
	// Caught is set for a manager with a known mistake, by which the harness itself is tested. It names the oracle that must find the mistake in at
	// least one scenario. Empty: no mistake is known, and the manager should pass.
	Caught string
	// Late names the scenarios in which the known mistake shows only if a run goes on for the whole Stay of its timing, each with the reason. The
	// command matrix makes all other runs brief, see [bound.Timing.Brief]. Nil: none.
	Late map[string]string
}

// Limits say how long a view may take to be fresh again after a fault. The zero value sets no limits.
type Limits struct {
	// Any is the limit for every fault that Of does not name. Zero: what follows from the timing.
	Any time.Duration
	// Of are the limits for single faults, by the name that fault.Parse reads: "HangDisk".
	Of map[string]time.Duration
}

// of returns the limit for a fault, if there is one.
func (l Limits) of(fault string) (time.Duration, bool) {
	if limit, ok := l.Of[fault]; ok {
		return limit, true
	}
	return l.Any, l.Any > 0
}

// workload finds a workload of the candidate by name. An empty name means the usual one.
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

// kinds returns the kinds of the workload that the candidate shows.
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

// paced adapts the timing and the kinds for a candidate that shows no kind which is written at every load interval. Such a manager sees fewer updates,
// so the load interval of the bounds becomes that of the kind that is written most often among those it shows.
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

// timing returns the suggested timing with the candidate's own intervals.
func (c Candidate) timing(suggested bound.Timing) bound.Timing {
	m := suggested.Manager
	if c.Timing != nil {
		m = c.Timing(m)
	}
	return suggested.With(m)
}
