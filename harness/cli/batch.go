package cli

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// runsInChild makes several runs, one after another, in one child process. A process costs about as much as a third of a brief run. It returns a result
// for each order, without its record, and blocks until the last child has ended. After a run that could not be judged, the rest is made in another
// child, so that one run cannot harm the next. If a child dies, the run that it was at is made once more, in a child of its own.
func runsInChild(ctx context.Context, c Catalogue, orders []order) []*harness.Result {
	results := make([]*harness.Result, 0, len(orders))
	alone := false
	for len(results) < len(orders) {
		left := orders[len(results):]
		if alone {
			left = left[:1]
		}
		began := time.Now()
		got, err := batchInChild(ctx, left)
		results = append(results, got...)
		switch {
		case len(got) > 0 || err == nil:
			alone = false
		case len(left) == 1 || errors.Is(err, errInterrupted):
			r := left[0].unjudged(c, err)
			r.Wall = time.Since(began)
			results = append(results, r)
			alone = false
		default:
			alone = true
		}
	}
	return results
}

// batchInChild makes runs in one child. It returns the results up to the first that is not judged, and an error if not even that came back.
func batchInChild(ctx context.Context, orders []order) (results []*harness.Result, err error) {
	first := orders[0]
	first.Then = orders[1:]
	err = worker{}.child(ctx, first, func(from *gob.Decoder) error {
		for range orders {
			r := new(harness.Result)
			if err := from.Decode(r); err != nil {
				return err
			}
			if r.Record != nil && r.Digest == "" {
				r.Digest = r.Record.Digest() // of a single order
			}
			if !first.Records {
				r.Record = nil
			}
			if results = append(results, r); unjudged(r) {
				break
			}
		}
		return nil
	})
	return results, err
}

// unjudged says whether a run could not be judged for a reason that may lie in the process.
func unjudged(r *harness.Result) bool { return r.Outcome == record.NotJudged }

// batch makes the tests in which a child makes the runs of an order and of those in Then. After a run that is not judged it makes no further one.
func (o order) batch(c Catalogue) []testing.InternalTest {
	runtime.GOMAXPROCS(1) // the parent runs one such process for each processor
	pipe := gob.NewEncoder(os.NewFile(childPipe, "results"))
	over := false
	var tests []testing.InternalTest
	for i, one := range append([]order{o}, o.Then...) {
		one.Then = nil
		tests = append(tests, testing.InternalTest{Name: fmt.Sprintf("%d/%s", i, one.Story.Name), F: func(t *testing.T) {
			if over {
				return
			}
			r, err := one.run(t, c)
			if err != nil {
				r = one.unjudged(c, err)
			}
			over = unjudged(r)
			if r.Digest = r.Record.Digest(); !o.Records {
				r.Record = nil
			}
			if err := pipe.Encode(r); err != nil {
				t.Fatal(err)
			}
		}})
	}
	return tests
}

// gcPercent is how much the heap of a child may grow between two collections, in percent of what is in use. Go's usual 100 costs a tenth of the
// processor's time, for a heap that is small anyway.
const gcPercent = 400

// collectSeldom makes the garbage collector of a child run seldom, unless the user has said how often.
func collectSeldom() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(gcPercent)
	}
}
