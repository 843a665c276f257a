package cli

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/internal/quantile"
	"github.com/stormwatch/stormwatch/harness/record"
)

// measurement is what bench measured with one seed.
type measurement struct {
	Seed uint64
	// Took is how long the view took to be fresh again, negative if it was not fresh within longEnough. Bound is what the fault allows.
	Took, Bound time.Duration
	// Stale is the largest staleness of the view since the fault began. Unlike Took it does not contain the election, for which the manager
	// is not to blame: nothing is committed during an election, so the view does not become stale.
	Stale time.Duration
	// Failure says why nothing could be measured; empty if something was. NotJudged is set if the manager is not to blame, Usage if the
	// command was used wrongly.
	Failure          string
	NotJudged, Usage bool
}

// measureInChild measures the seeds of an order in a child process and blocks until it has ended. If the child dies, the remaining seeds have a
// measurement with a Failure. If the user interrupts, they have none.
func measureInChild(ctx context.Context, o order) []measurement {
	var list []measurement
	err := worker{}.child(ctx, o, func(from *gob.Decoder) error {
		for range o.Measure {
			var m measurement
			if err := from.Decode(&m); err != nil {
				return err
			}
			list = append(list, m)
		}
		return nil
	})
	if errors.Is(err, errInterrupted) {
		return list
	}
	for err != nil && len(list) < o.Measure {
		list = append(list, measurement{Seed: o.Seed + uint64(len(list)), Failure: err.Error(), NotJudged: true})
	}
	return list
}

// measurements makes the tests in which a child measures the seeds of its order. Each test writes its measurement to the pipe when it is done.
func (o order) measurements(c Catalogue) []testing.InternalTest {
	// The parent runs one such process for each processor.
	runtime.GOMAXPROCS(1)
	pipe := gob.NewEncoder(os.NewFile(childPipe, "measurements"))
	var tests []testing.InternalTest
	for i := range uint64(o.Measure) {
		one := o
		one.Seed += i
		tests = append(tests, testing.InternalTest{Name: fmt.Sprintf("%s/%d", o.Story.Name, one.Seed), F: func(t *testing.T) {
			if err := pipe.Encode(one.measure(t, c)); err != nil {
				t.Fatal(err)
			}
		}})
	}
	return tests
}

// measure makes the run of the order's seed and returns its recovery.
func (o order) measure(t *testing.T, c Catalogue) measurement {
	// Without Stay the run ends when the view has recovered. A measurement does not need what the oracles would judge after that.
	timing := bound.Production()
	timing.Stay = 0
	r, err := o.execute(context.Background(), t, c, harness.Options{Timing: &timing})
	if err != nil {
		return measurement{Seed: o.Seed, Failure: err.Error(), NotJudged: true}
	}
	if r.Outcome != record.NotJudged && r.Bound > 0 {
		// The scenario came to its end. That oracles fail for a view that never recovered adds nothing to the measurement.
		return measurement{Seed: o.Seed, Took: r.Recovery, Bound: r.Bound, Stale: stalest(r.Record)}
	}
	if r.Outcome == record.NotJudged {
		return measurement{Seed: o.Seed, Failure: "not judged: " + r.Cause, NotJudged: true, Usage: r.Usage}
	}
	said := []string{"nothing was measured"}
	for _, v := range r.Failed() {
		said = append(said, v.String())
	}
	return measurement{Seed: o.Seed, Failure: strings.Join(said, "; ")}
}

// stalest returns the largest staleness of the first cluster's view since the first fault began.
func stalest(r *record.Record) (most time.Duration) {
	from := r.Faults[0].From
	tenure, ok := r.TenureAt(r.Clusters[0].Name, from)
	if !ok {
		return 0
	}
	for _, p := range r.Staleness(tenure) {
		if p.At >= from {
			most = max(most, p.Staleness)
		}
	}
	return most
}

// statistics summarize a cell. A view that never recovered counts as slower than every other.
type statistics struct {
	took, stale durations
	// bound is the largest Bound of all measurements.
	bound       time.Duration
	over, never int
}

// durations are sorted, the shortest first.
type durations []time.Duration

// never stands for a recovery that did not happen, so that it sorts last.
const never = time.Duration(1<<63 - 1)

func (c *cell) statistics() statistics {
	var s statistics
	for _, m := range c.measured {
		if m.Failure != "" {
			continue
		}
		s.bound = max(s.bound, m.Bound)
		switch {
		case m.Took < 0:
			s.never++
			s.over++
			m.Took, m.Stale = never, never
		case m.Took > m.Bound:
			s.over++
		}
		s.took, s.stale = append(s.took, m.Took), append(s.stale, m.Stale)
	}
	slices.Sort(s.took)
	slices.Sort(s.stale)
	return s
}

// quantile prints the smallest element that is no shorter than the given share of all elements, "-" if there are none.
func (d durations) quantile(share float64) string {
	if len(d) == 0 {
		return "-"
	}
	took := quantile.Of(d, share)
	if took == never {
		return "never"
	}
	return seconds(took)
}
