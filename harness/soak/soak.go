// Package soak runs drawn schedules against a manager, one after another and many at a time, and keeps each run as a line of a file.
//
//	seeds ──► island 0  ──► guide ──► schedule ──► run ──► line ──► runs.jsonl ──► summary
//	          island 1       ▲                      │
//	          …              └── situations reached ┘
//	          island 15
//
// What a guide draws depends on what earlier runs reached. So that a seed gives the same schedule whatever runs at the same time, the seeds are divided
// into islands: seed s belongs to island s mod [Islands], each island has a guide of its own, and takes its seeds one after another in ascending order. A
// schedule then depends on the seeds of its island alone. It does not matter how many workers there are, how the islands are shared among
// machines (see [Shard]), or whether the soak was stopped in between: it reads its lines and goes on.
package soak

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// Islands is how many islands the seeds are divided into. It is also the largest number of shards, and of workers that have something to do.
const Islands = 16

// Guide draws the schedules of an island.
type Guide interface {
	// Next draws the schedule of a seed. It depends on the seed and on what the guide has learned.
	Next(seed uint64) schedule.Schedule
	// Learn tells the guide which situations a schedule has reached, and returns those that are new to it. What it learns does not depend on their order.
	Learn(s schedule.Schedule, reached []string) (fresh []string)
}

// Config says what a soak does.
type Config struct {
	Params
	// Dir is the directory for the results. Unless Resume is set, it must be empty or missing. With Resume, a soak in it goes on.
	Dir    string
	Resume bool
	// Workers is how many runs go on at the same time. Zero: one.
	Workers int
	// NewGuide makes the guide of an island.
	NewGuide func() Guide
	// Run makes a run. If ctx ends, it returns soon, with a result that is not judged or with the result that it has. The soak calls it
	// from several goroutines.
	Run func(ctx context.Context, seed uint64, s schedule.Schedule) *harness.Result
	// Reached returns the situations that a run reached. Nil: none.
	Reached func(*record.Record) []string
	// Explain looks for the cause of a failure: the oracle failed for the first time in its island. It returns soon after ctx has ended; what it
	// returns then does not count. Nil: no cause is looked for.
	Explain func(ctx context.Context, seed uint64, s schedule.Schedule, oracle string) Explained
	// Begun is called with each line that is read from an earlier start, and Done with each line that was written. Torn is called if the end of
	// the results file was cut off: it was a part of a line. They are called by one goroutine at a time; nil: nobody is told.
	Begun, Done func(Line)
	Torn        func(file string)
}

// ErrHopeless says that run after run could not be judged, so that the soak was ended.
var ErrHopeless = errors.New("run after run could not be judged")

// hopeless is how many runs in a row that cannot be judged end the soak. A disk that is full, or a manager that never starts, would otherwise fill
// the results with runs that say nothing.
const hopeless = 100

// running is a soak that is under way.
type running struct {
	Config
	results *results
	islands []*island // those that have seeds left
	before  time.Duration
	began   time.Time

	mu       sync.Mutex // guards results, the calls of Done, and unjudged
	unjudged int        // how many runs in a row could not be judged
}

// Run makes the runs of a soak. It blocks until all are made, its time is over, ctx has ended, or a line cannot be written, and every run that began has
// ended. Every run that came to a result is then in the results file, and the others are as if they had never begun. If ctx has ended, Run
// returns nil unless something else was wrong too.
//
// The error is a [FileError] if the results cannot be read or written, wraps [ErrHopeless] if the soak gave up, and is another error if the soak was
// asked for wrongly.
func Run(ctx context.Context, c Config) (err error) {
	results, err := open(c.Dir, c.Params, c.Resume)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, results.close()) }()
	r := &running{Config: c, results: results, began: time.Now()}
	if err := r.resume(); err != nil {
		return err
	}
	return r.work(ctx)
}

// resume makes the islands and brings them to where the lines of the earlier starts end.
func (r *running) resume() error {
	islands := map[int]*island{}
	for i := range Islands {
		if first, ok := r.first(i); ok && r.Shard.has(i) {
			islands[i] = &island{number: i, next: first, guide: r.NewGuide(), numbers: map[string]int{}, explained: map[string]bool{}}
		}
	}
	torn, err := r.results.read(func(l Line) error {
		isl := islands[l.Island]
		if isl == nil {
			return fmt.Errorf("the run of seed %d belongs to island %d, which is not in shard %s", l.Seed, l.Island, r.Shard)
		}
		r.before = max(r.before, time.Duration(l.Elapsed*float64(time.Millisecond)))
		again, err := isl.replay(l)
		if r.Begun != nil && err == nil && !again {
			r.Begun(l)
		}
		return err
	})
	if err != nil {
		return err
	}
	if torn && r.Torn != nil {
		r.Torn(r.results.name)
	}
	for i := range Islands {
		if isl := islands[i]; isl != nil && (isl.next <= r.Last || isl.due(r.Explain != nil)) {
			r.islands = append(r.islands, isl)
		}
	}
	return nil
}

// work lets the workers take the islands in turn: a worker makes one run of an island, and then puts it at the end of the queue.
func (r *running) work(ctx context.Context) error {
	if len(r.islands) == 0 {
		return nil
	}
	queue := make(chan *island, len(r.islands))
	for _, isl := range r.islands {
		queue <- isl
	}
	var left atomic.Int32
	left.Store(int32(len(r.islands)))
	workers, within := errgroup.WithContext(ctx)
	for range max(r.Workers, 1) {
		workers.Go(func() error {
			for {
				select {
				case <-within.Done():
					return nil
				case isl, ok := <-queue:
					if !ok {
						return nil
					}
					more, err := r.step(within, isl)
					if err != nil {
						return err // ends the context of the others
					}
					if more {
						queue <- isl
					} else if left.Add(-1) == 0 {
						close(queue)
					}
				}
			}
		})
	}
	return workers.Wait()
}

// elapsed is how long the soak has been running, all its starts together.
func (r *running) elapsed() time.Duration { return r.before + time.Since(r.began) }

// step makes the next run of an island. more says whether the island has another.
func (r *running) step(ctx context.Context, isl *island) (more bool, err error) {
	if ctx.Err() != nil {
		return false, nil
	}
	if isl.due(r.Explain != nil) {
		l := isl.last
		if done := r.explain(ctx, isl, &l); !done {
			return false, nil
		}
		isl.last = l
		return isl.next <= r.Last, r.write(l, false)
	}
	if r.For > 0 && r.elapsed() >= time.Duration(r.For) {
		return false, nil
	}
	seed := isl.next
	s := isl.guide.Next(seed)
	result := r.Run(ctx, seed, s)
	if result.Outcome == record.NotJudged && ctx.Err() != nil {
		return false, nil // it was interrupted
	}
	l := lineOf(isl.number, seed, s, result)
	var reached []string
	if r.Reached != nil && result.Record != nil && result.Outcome != record.NotJudged {
		reached = r.Reached(result.Record)
	}
	l.Fresh, l.Seen = isl.learn(s, reached)
	r.explain(ctx, isl, &l) // a run that failed is kept even if its cause is not found in time; resume looks for it
	isl.last = l
	return isl.next <= r.Last, r.write(l, true)
}

// explain looks for the causes of the failures of a line, for each oracle that fails for the first time in the island. It returns false if it could not
// finish because ctx ended.
func (r *running) explain(ctx context.Context, isl *island, l *Line) (done bool) {
	if r.Explain == nil {
		return true
	}
	for _, oracle := range l.unexplained(isl.explained) {
		e := r.Explain(ctx, l.Seed, isl.lastSchedule, oracle)
		if ctx.Err() != nil {
			return false
		}
		e.Oracle = oracle
		l.Explained = append(l.Explained, e)
	}
	isl.keep(*l)
	return true
}

// write writes a line. made says that it is of a run that was made just now.
func (r *running) write(l Line, made bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	l.Elapsed = ms(r.elapsed())
	if err := r.results.append(l); err != nil {
		return err
	}
	if !made {
		return nil
	}
	if r.Done != nil {
		r.Done(l)
	}
	if l.Outcome != record.NotJudged {
		r.unjudged = 0
		return nil
	}
	if r.unjudged++; r.unjudged >= hopeless {
		return fmt.Errorf("%w: the last %d, and of the last one the cause is: %s", ErrHopeless, hopeless, l.Cause)
	}
	return nil
}
