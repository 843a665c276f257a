package soak

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness/internal/quantile"
	"github.com/stormwatch/stormwatch/harness/record"
)

// tally adds up the lines of the shards of one soak. The order of the lines does not matter.
type tally struct {
	digests    map[uint64]source  // by seed
	failures   map[uint64]failure // by seed
	unjudged   map[string]*Unjudged
	situations map[string]bool
	recoveries map[string]*recoveries // by fault, begun or healed
	margins    map[string][]float64   // by bound
	outcomes   Outcomes
	virtual    int64 // in microseconds, since the sum of whole numbers does not depend on their order
	busy       float64
}

// source is where the line of a seed comes from.
type source struct{ digest, dir string }

// failure is what the summary needs of a run that failed.
type failure struct {
	failed    []Failure
	explained []Explained
	again     string
}

// recoveries are the recoveries from one kind of fault.
type recoveries struct {
	took            []float64
	late            int
	allowance, used float64
}

func newTally() *tally {
	return &tally{
		digests: map[uint64]source{}, failures: map[uint64]failure{}, unjudged: map[string]*Unjudged{}, situations: map[string]bool{},
		recoveries: map[string]*recoveries{}, margins: map[string][]float64{},
	}
}

// add adds a line of the soak in a directory. A seed that comes twice counts once; it is an error if its runs differ.
func (t *tally) add(dir string, l Line) error {
	if before, twice := t.digests[l.Seed]; twice {
		if before.digest != l.Digest {
			return fmt.Errorf("seed %d has two runs that differ: digest %s in %s, %s in %s; only a replay build gives the same each time",
				l.Seed, before.digest, before.dir, l.Digest, dir)
		}
		if f, failed := t.failures[l.Seed]; failed && len(l.Explained) > len(f.explained) {
			t.failures[l.Seed] = failureOf(l) // the soak was stopped while it explained this run, and went on later
		}
		return nil
	}
	t.digests[l.Seed] = source{l.Digest, dir}
	t.virtual += int64(math.Round(l.Virtual * 1000))
	t.busy += l.Wall
	t.count(l)
	for _, s := range l.Fresh {
		t.situations[s] = true
	}
	for _, one := range l.Recoveries {
		t.recover(one)
	}
	for _, m := range l.Margins {
		t.margins[m.Bound] = append(t.margins[m.Bound], m.Used)
	}
	return nil
}

// count counts the outcome of a line.
func (t *tally) count(l Line) {
	switch l.Outcome {
	case record.Passed:
		t.outcomes.Passed++
		return
	case record.Failed:
		t.outcomes.Failed++
		t.failures[l.Seed] = failureOf(l)
		return
	case record.NotAsked:
		t.outcomes.NotAsked++
	default:
		t.outcomes.NotJudged++
	}
	cause := firstLine(l.Cause)
	u := t.unjudged[cause]
	if u == nil {
		u = &Unjudged{Cause: cause, Seed: l.Seed, Again: l.Again}
		t.unjudged[cause] = u
	}
	u.Count++
	if l.Seed < u.Seed {
		u.Seed, u.Again = l.Seed, l.Again
	}
}

func failureOf(l Line) failure {
	f := failure{explained: l.Explained, again: l.Again}
	for _, v := range l.Failed {
		if !slices.ContainsFunc(f.failed, func(o Failure) bool { return o.Oracle == v.Oracle }) {
			f.failed = append(f.failed, Failure{v.Oracle, firstLine(v.Evidence)})
		}
	}
	return f
}

func (t *tally) recover(one Recovery) {
	from := one.Fault
	if one.Healed {
		from += ", healed"
	}
	r := t.recoveries[from]
	if r == nil {
		r = &recoveries{}
		t.recoveries[from] = r
	}
	r.allowance = max(r.allowance, one.Allowance)
	if one.Took < 0 {
		r.late++
		return
	}
	r.took = append(r.took, one.Took)
	if one.Allowance > 0 {
		r.used = max(r.used, one.Took/one.Allowance)
	}
}

// summary is what the lines so far add up to.
func (t *tally) summary() *Summary {
	s := &Summary{
		Version: Version, Schedules: len(t.digests), Virtual: float64(t.virtual) / 1000, Situations: len(t.situations), Outcomes: t.outcomes,
		Unjudged: []Unjudged{}, Recoveries: []FaultRecovery{}, Bounds: []BoundUse{},
	}
	s.Failures, s.Unexplained = t.groups()
	for _, u := range t.unjudged {
		s.Unjudged = append(s.Unjudged, *u)
	}
	slices.SortFunc(s.Unjudged, func(a, b Unjudged) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Seed, b.Seed)) })
	for _, fault := range slices.Sorted(maps.Keys(t.recoveries)) {
		s.Recoveries = append(s.Recoveries, t.recoveries[fault].of(fault))
	}
	for _, bound := range slices.Sorted(maps.Keys(t.margins)) {
		used := slices.Sorted(slices.Values(t.margins[bound]))
		most := used[len(used)-1]
		s.Bounds = append(s.Bounds, BoundUse{Bound: bound, N: len(used), P50: quantile.Of(used, 0.5), Max: most, Approached: most >= approached})
	}
	s.Speed.Busy = t.busy
	if t.busy > 0 {
		s.Speed.PerWorker = float64(s.Schedules) / (t.busy / 1000)
	}
	return s
}

// of summarizes the recoveries from a fault.
func (r *recoveries) of(fault string) FaultRecovery {
	sorted := slices.Sorted(slices.Values(r.took))
	for range r.late {
		sorted = append(sorted, math.Inf(1))
	}
	at := func(share float64) *float64 {
		if took := quantile.Of(sorted, share); !math.IsInf(took, 1) {
			return &took
		}
		return nil
	}
	return FaultRecovery{
		Fault: fault, N: len(sorted), Late: r.late, P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: at(1), Allowance: r.allowance, Used: r.used,
	}
}

func firstLine(text string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return first
}
