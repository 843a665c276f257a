package draw

import "github.com/stormwatch/stormwatch/harness/schedule"

type Guide struct{ space Space }

func NewGuide(space Space, blind bool) *Guide { return &Guide{space} }
func (g *Guide) Next(seed uint64) schedule.Schedule { return Schedule(seed, g.space) }
func (g *Guide) Learn(s schedule.Schedule, r []string) []string { return nil }
