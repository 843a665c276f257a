package cli

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

// measurement is the recovery of one seed.
type measurement struct {
	Seed uint64
	// Took is negative if the view was not fresh again as long as it was waited for. Bound is what the fault allows.
	Took, Bound time.Duration
	// Stale is the largest staleness of the view since the fault: what the manager alone is to blame for. While a cluster elects,
	// nothing is committed and nothing grows stale.
	Stale time.Duration
	// Failure is why nothing could be measured; empty if something was. NotJudged says that the manager is not to blame, and Usage that
	// the measurement was asked for wrongly.
	Failure          string
	NotJudged, Usage bool
}

// measureInChild has a batch of seeds measured in a child process. Seeds that a process which died owes could not be measured; those that
// were interrupted are left out.
func measureInChild(ctx context.Context, o order) []measurement {
	var list []measurement
	err := child(ctx, o, func(from *gob.Decoder) error {
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

// measurements are the tests in which a child measures the seeds of its order. Each says what it found as soon as it knows.
func (o order) measurements(c Catalogue) []testing.InternalTest {
	// Another process has the other processor.
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

// measure measures the recovery of the order's seed.
func (o order) measure(t *testing.T, c Catalogue) measurement {
	// The run is over once the view has recovered: what only shows later is for the oracles.
	timing := bound.Production()
	timing.Stay = 0
	r, err := o.execute(context.Background(), t, c, harness.Options{Timing: &timing})
	if err != nil {
		return measurement{Seed: o.Seed, Failure: err.Error(), NotJudged: true}
	}
	if r.Outcome != record.NotJudged && r.Bound > 0 {
		// The story was told up to its end; what the oracles say of a manager that never came back is known already.
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

// stalest is the largest staleness of the measured cluster's view since the first fault.
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

// statistics are those of a cell. A view that never came back counts as slower than every other.
type statistics struct {
	took, stale durations
	// bound is the largest that was allowed.
	bound       time.Duration
	over, never int
}

// durations are in order.
type durations []time.Duration

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

// quantile is the smallest duration that at least that share of all does not exceed.
func (d durations) quantile(share float64) string {
	if len(d) == 0 {
		return "-"
	}
	took := d[max(int(math.Ceil(share*float64(len(d))))-1, 0)]
	if took == never {
		return "never"
	}
	return seconds(took)
}
