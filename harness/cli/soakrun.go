package cli

import (
	"cmp"
	"context"
	"strconv"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/internal/command"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
	"github.com/stormwatch/stormwatch/harness/schedule/draw"
)

// soaking is how the runs of one soak are made.
type soaking struct {
	worker   worker
	engine   engine
	manager  harness.Candidate
	workload string        // empty: each schedule draws one of the manager's
	limit    time.Duration // how long a run may take by the wall clock; zero: see limitOf
	failures string        // the directory for what failures are shrunk to
	progress *soakProgress
	keep     *keeper
}

// space is what the schedules are drawn from.
func (s *soaking) space() draw.Space {
	if s.workload != "" {
		return draw.Space{Workloads: []string{s.workload}}
	}
	var all []string
	for _, w := range s.manager.Workloads {
		all = append(all, w.Name)
	}
	return draw.Space{Workloads: all}
}

// order makes the order for the run of a schedule. It is the one that try makes, so that the run replays there.
func (s *soaking) order(seed uint64, drawn schedule.Schedule) order {
	return order{
		Story: scheduleStory(drawn), Engine: s.engine.name, Manager: s.manager.Name, Seed: seed,
		Workload: cmp.Or(drawn.Run.Workload, s.manager.Workloads[0].Name),
	}
}

// runAndKeep makes the run of a schedule that was drawn, and keeps it for the page.
func (s *soaking) runAndKeep(ctx context.Context, seed uint64, drawn schedule.Schedule) *harness.Result {
	r := s.run(ctx, seed, drawn)
	if r.Outcome != record.NotJudged || ctx.Err() == nil { // else it is dropped, and made again when the soak goes on
		s.keep.keep(r, drawn.String(), nil)
	}
	return r
}

// run makes one run in a child process. If it takes too long, the process is killed and the run is not judged.
func (s *soaking) run(ctx context.Context, seed uint64, drawn schedule.Schedule) *harness.Result {
	o := s.order(seed, drawn)
	limit := cmp.Or(s.limit, limitOf(s.engine, drawn))
	limited, cancel := context.WithTimeoutCause(ctx, limit, &overdueError{limit})
	defer cancel()
	r := s.worker.run(limited, o)
	r.Again = command.Line(append(program(), "try", drawn.Line(), "--engine", o.Engine, "--manager", o.Manager, "--workload", o.Workload,
		"--seed", strconv.FormatUint(seed, 10))...)
	return r
}

// limitOf is how long a run of a schedule may take by the wall clock. A virtual world lives some thousand seconds a second, and a tenth of that with
// several managers on a busy machine; so a tenth of the schedule's length is fifty times what it takes. Where time is real, a run takes the length of its
// schedule, and recoveries in addition, which may be as long again. In both a process must start, and a machine may stall.
func limitOf(e engine, s schedule.Schedule) time.Duration {
	if e.name == virtualName {
		return time.Minute + (s.End() / 10).Round(time.Second)
	}
	return 2*time.Minute + 2*s.End().Round(time.Second)
}
