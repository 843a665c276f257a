package oracle

import (
	"maps"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Margin is how near a run came to a bound.
type Margin struct {
	// Bound says which bound, such as "calm" or "recovery from HangDisk".
	Bound string `json:"bound"`
	// Used is the largest part of the bound that was used: 1 is the bound itself, and more than that fails.
	Used float64 `json:"used"`
}

// Margins returns how near the first manager of a run came to each bound that the run put to the test, sorted by the names of the bounds. It is for
// finding bounds that are never approached, which a manager that deserves to fail could meet.
func Margins(r *record.Record) []Margin {
	used := map[string]float64{}
	note := func(bound string, part float64) { used[bound] = max(used[bound], part) }
	staleMargins(r, note)
	for _, one := range r.Recoveries() {
		if one.Took >= 0 {
			note("recovery from "+one.Fault, float64(one.Took)/float64(one.Allowed))
		}
	}
	if keys := judgeOwnKeys(r); keys.judged {
		note("own keys", keys.closest.share())
	}
	if reports := judgeIdle(r); reports.said > 0 {
		note("idle timeout, late", float64(reports.latest)/float64(r.Bounds().IdleLate()))
	}
	if r.ManagerClose >= 0 && r.ManagerClosed >= 0 {
		note("Close", float64(r.ManagerClosed-r.ManagerClose)/float64(closeAllowed(r)))
	}
	for _, c := range allCircumstances(r) {
		for _, most := range busiestOf(r, c) {
			when := " under a fault"
			if most.calm {
				when = " in calm"
			}
			if most.allowed > 0 {
				note(names[most.what]+when, most.share())
			}
		}
	}
	margins := make([]Margin, 0, len(used))
	for _, bound := range slices.Sorted(maps.Keys(used)) {
		margins = append(margins, Margin{bound, used[bound]})
	}
	return margins
}

// staleMargins notes how stale the views were while a bound was in force, and how long the starts took.
func staleMargins(r *record.Record, note func(bound string, part float64)) {
	for _, c := range allCircumstances(r) {
		if c.unseen {
			continue
		}
		var calm, lasting findings
		for _, wait := range waits(stalenessSegments(r, c.tenure)) {
			of := func(withFault bool) limitAt {
				return func(at time.Duration) (limit, bool) {
					l, ok := c.at(at)
					return limit{l.Max, l.Why}, ok && !l.Any && l.Max > r.Bounds().Calm() == withFault
				}
			}
			calm.judge(c, wait, of(false))
			lasting.judge(c, wait, of(true))
		}
		if calm.judged {
			note("calm", calm.closest.share())
		}
		if lasting.judged {
			note("calm under a fault that slows", lasting.closest.share())
		}
		for _, l := range c.limits {
			if l.Start {
				note("start", float64(l.To-c.tenure.From)/float64(r.StartBound(c.cluster)))
			}
		}
	}
}
