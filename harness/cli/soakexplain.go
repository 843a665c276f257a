package cli

import (
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/schedule"
	"github.com/stormwatch/stormwatch/harness/schedule/shrink"
	"github.com/stormwatch/stormwatch/harness/soak"
)

// failuresDir is where in the directory of a soak the shrunk schedules are, each with a Go test beside it.
const failuresDir = "failures"

// inevitable is since when a failure is inevitable, for a page. Instants of a schedule count from when the manager was ready.
func inevitable(found shrink.Found) *report.Inevitable {
	at := found.Cause.From
	if ready := found.Result.Record.ManagerReady; ready > 0 {
		at += ready
	}
	return &report.Inevitable{At: float64(at.Milliseconds()), Text: found.Cause.Text}
}

// explain shrinks a schedule that fails, looks for the cause, and writes both into files.
func (s *soaking) explain(ctx context.Context, seed uint64, drawn schedule.Schedule, oracle string) soak.Explained {
	defer s.progress.explaining(seed, oracle)()
	workload := s.order(seed, drawn).Workload // that of the schedule, which shrinking forgets
	shrinker := shrink.Shrinker{
		AtOnce: 1, // the other workers go on
		Try: func(ctx context.Context, smaller schedule.Schedule) (*harness.Result, error) {
			smaller.Run.Workload = workload
			return s.run(ctx, seed, smaller), nil
		},
	}
	if s.engine.name != virtualName || !s.worker.replays() {
		shrinker.Confirm = 1 // two runs of a schedule may differ
	}
	found, err := shrinker.Shrink(ctx, drawn, oracle)
	var passes *shrink.DoesNotFailError
	switch {
	case errors.As(err, &passes):
		return soak.Explained{Problem: "run again, it does not fail"}
	case err != nil:
		return soak.Explained{Problem: err.Error()}
	}
	s.keep.keep(found.Result, found.Schedule.String(), inevitable(found))
	e := soak.Explained{Kind: found.Cause.Kind, Text: found.Cause.Text}
	file, err := found.Write(s.failures)
	if err != nil {
		// The cause is in the results all the same.
		s.progress.say(fmt.Sprintf("seed %d: write the shrunk schedule: %v", seed, err))
		return e
	}
	e.File = path.Join(failuresDir, filepath.Base(file))
	return e
}
