package cli

import (
	"fmt"
	"math/rand/v2"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
	"github.com/stormwatch/stormwatch/harness/soak"
)

// Stand-in until branch draw is there.

func (s *soaking) newGuide(bool) func() soak.Guide { return func() soak.Guide { return standIn{} } }

type standIn struct{}

func (standIn) Next(seed uint64) schedule.Schedule {
	r := rand.New(rand.NewPCG(seed, 1))
	text := fmt.Sprintf("cluster alpha 3; watch alpha/leader; %ds for %ds %s; until 40s", 2+r.IntN(3), 5+r.IntN(20),
		[]string{"HangDisk(alpha/leader)", "Freeze(alpha/watched)", "Reset(alpha/watched)"}[r.IntN(3)])
	s, err := schedule.Parse(text)
	if err != nil {
		panic(err)
	}
	return s
}

func (standIn) Learn(_ schedule.Schedule, reached []string) []string { return reached }

func reached(*record.Record) []string { return nil }
