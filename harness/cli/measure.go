package cli

import (
	"context"
	"encoding/gob"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/stormwatch/stormwatch/harness/bench"
)

// measureInChild measures the seeds of an order in a child process and blocks until it has ended. If the child dies, the remaining seeds have a
// measurement with a Failure. If the user interrupts, they have none.
func measureInChild(ctx context.Context, o order) []bench.Measurement {
	var list []bench.Measurement
	err := worker{}.child(ctx, o, func(from *gob.Decoder) error {
		for range o.Measure {
			var m bench.Measurement
			if err := from.Decode(&m); err != nil {
				return err
			}
			list = append(list, m)
		}
		return nil
	})
	if ctx.Err() != nil {
		if o.Engine != virtualName {
			// There the child ends an interrupted run, and says that it could not be completed.
			list = slices.DeleteFunc(list, func(m bench.Measurement) bool { return m.NotJudged })
		}
		return list
	}
	for err != nil && len(list) < o.Measure {
		list = append(list, bench.Measurement{Seed: o.Seed + uint64(len(list)), Failure: err.Error(), NotJudged: true})
	}
	return list
}

// measurements makes the tests in which a child measures the seeds of its order. Each test writes its measurement to the pipe when it is done.
func (o order) measurements(c Catalogue) []testing.InternalTest {
	if o.Engine == virtualName {
		runtime.GOMAXPROCS(1) // the parent runs one such process for each processor
	}
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
func (o order) measure(t *testing.T, c Catalogue) bench.Measurement {
	e, err := findEngine(o.Engine)
	if err != nil {
		return bench.Measurement{Seed: o.Seed, Failure: err.Error(), NotJudged: true, Usage: true}
	}
	m, err := o.candidate(c)
	if err != nil {
		return bench.Measurement{Seed: o.Seed, Failure: err.Error(), NotJudged: true, Usage: true}
	}
	ctx := context.Background()
	if o.Engine != virtualName {
		// Members in real time must be stopped and their directories removed, even if the user interrupts.
		interruptible, restore := signal.NotifyContext(ctx, syscall.SIGTERM)
		defer restore()
		ctx = interruptible
	}
	one := bench.Case{Name: o.Story.Name, Fault: o.Story.Fault}
	return bench.Measure(ctx, e.make(t, o.Seed), one, m, bench.Options{Seed: o.Seed, Workload: o.Workload, Dir: ".", Set: o.Set})
}
