package main

import (
	"embed"
	"io/fs"
	"testing"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/schedule"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

//go:embed corpus/*.txt
var corpus embed.FS

func TestWhatFailedOnceDoesNotFailAgain(t *testing.T) {
	files, _ := fs.Sub(corpus, "corpus")
	schedule.Corpus(t, files, func(t *testing.T, s schedule.Schedule) {
		harness.Run(t, virtual.New(t, s.Run.Seed), s.Scenario("corpus"), guarded(), harness.Options{Seed: s.Run.Seed, Workload: s.Run.Workload})
	})
}
