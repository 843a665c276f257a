package lanes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/report"
)

// Title names a run: its scenario, its engine and its manager.
func Title(run report.Run) string {
	name := run.Scenario
	if name == "" {
		name = "a run"
	}
	title := name
	if run.Engine != "" {
		title += " on " + run.Engine
	}
	if run.Manager != "" {
		title += " with the " + run.Manager + " manager"
	}
	return title
}

// Sentence says in a sentence or two what a reader should see in the picture: what failed, since when the view was stale, where the watch sat, and who led.
func Sentence(run report.Run) string {
	switch run.Outcome {
	case record.Failed:
		return failure(run, sceneOf(run))
	case record.Passed:
		return passed(run, sceneOf(run))
	case record.NotJudged, record.NotAsked:
		return capital(string(run.Outcome)) + ": " + strings.TrimSuffix(run.Cause, ".") + "."
	}
	return ""
}

func failure(run report.Run, s scene) string {
	var oracles []string
	evidence := ""
	for _, v := range run.Verdicts {
		if v.Outcome == record.Failed && !slices.Contains(oracles, v.Oracle) {
			oracles = append(oracles, v.Oracle)
			if evidence == "" {
				evidence = v.Evidence
			}
		}
	}
	head := fmt.Sprintf("Failed (%s). ", strings.Join(oracles, ", "))
	for _, cl := range s.clusters {
		for i, m := range cl.managers {
			if len(m.over) > 0 {
				return head + cl.stillness(i)
			}
		}
	}
	if slices.Contains(oracles, "one owner") {
		for _, cl := range s.clusters {
			for _, t := range cl.things {
				if len(t.wrong) > 0 {
					return head + t.wronged(cl.name)
				}
			}
		}
	}
	return head + clipped(evidence, 260)
}

// wronged says how a thing was claimed wrongly first, and what each manager claimed and which keys stood at that time.
func (t thingLane) wronged(cluster string) string {
	first := slices.MinFunc(t.wrong, func(a, b wrongly) int { return cmp.Compare(a.from, b.from) })
	text := fmt.Sprintf("In %s, %s was claimed %s for %s from %s on", cluster, t.name, first.words, short(first.length()), at(first.from))
	var parts []string
	for _, row := range t.rows {
		for _, c := range row.claims {
			if c.from > first.to || c.to < first.from {
				continue
			}
			part := row.manager + " claimed it " + during(c.span)
			for _, k := range row.keys {
				if k.key == c.key && k.to < c.to {
					part += ", and its key was gone at " + at(k.to)
				}
			}
			parts = append(parts, part)
		}
	}
	return text + ": " + strings.Join(parts, "; ") + "."
}

// stillness says how the view of a manager stood still: since when, beyond what was allowed, and what its watch and the members were at that time.
func (cl clusterLanes) stillness(manager int) string {
	mine := cl.managers[manager]
	over := mine.over[0]
	since := over.from
	for _, d := range mine.curve {
		if d.at > over.from {
			break
		}
		if d.stale < 1 {
			since = d.at
		}
	}
	who, said := "The view of "+cl.name, called(0)
	if mine.number > 0 {
		said = called(mine.number)
		who = capital(said) + "'s view of " + cl.name
	}
	text := fmt.Sprintf("%s was stale from %s and staler than allowed from %s", who, at(since), at(over.from))
	if worst := mine.worst(); worst > 0 {
		text += fmt.Sprintf(", up to %s stale", short(worst))
	}
	var parts []string
	sat := "its watch sat on "
	for _, m := range cl.members {
		if !slices.ContainsFunc(m.sits[manager], func(s span) bool { return s.from <= over.from && over.from <= s.to }) {
			continue
		}
		part := sat + m.name
		sat = "and another on "
		for _, h := range m.hurts {
			if h.from <= over.from && over.from <= h.to {
				part += fmt.Sprintf(", %s since %s", h.word, at(h.from))
				break
			}
		}
		for _, r := range m.roles {
			if r.is == believes && r.from <= over.from && over.from <= r.to {
				part += ", which still believed that it led"
			}
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 && len(mine.watches) > 0 {
		parts = append(parts, "it had no watch open")
	}
	if leader, from := cl.leaderAt(over.from); leader != "" {
		parts = append(parts, fmt.Sprintf("%s led from %s", leader, at(from)))
	} else {
		parts = append(parts, "nobody led")
	}
	for _, c := range mine.says {
		if c.from <= over.from && over.from < c.to {
			parts = append(parts, said+" said “"+c.words+"”")
		}
	}
	return text + ": " + strings.Join(parts, "; ") + "."
}

// worst is the largest staleness while the view was staler than allowed.
func (cl managerLanes) worst() (most float64) {
	for _, o := range cl.over {
		most = max(most, staleAt(cl.curve, o.to))
		for _, d := range cl.curve {
			if o.from <= d.at && d.at <= o.to {
				most = max(most, d.stale)
			}
		}
	}
	return most
}

// leaderAt is who truly led at an instant, and since when.
func (cl clusterLanes) leaderAt(instant float64) (leader string, since float64) {
	for _, m := range cl.members {
		for _, r := range m.roles {
			if r.is == leads && r.from <= instant && instant < r.to {
				return m.name, r.from
			}
		}
	}
	return "", 0
}

func passed(run report.Run, s scene) string {
	text := "Passed. "
	if run.Bound > 0 {
		text += fmt.Sprintf("The longest recovery took %s of the %s allowed", short(run.Recovery), short(run.Bound))
	} else {
		text += "No recovery was measured"
	}
	worst, name := 0.0, ""
	for _, cl := range s.clusters {
		for _, m := range cl.managers {
			for _, d := range m.settled() {
				if d.stale > worst {
					worst, name = d.stale, cl.name
				}
			}
		}
	}
	if name == "" {
		return text + "."
	}
	return text + fmt.Sprintf("; no view was ever staler than %s (%s).", short(worst), name)
}

// settled is the curve from the instant at which the view was first complete.
func (cl managerLanes) settled() []dot {
	for i, d := range cl.curve {
		if d.stale == 0 && i > 0 {
			return cl.curve[i:]
		}
	}
	return nil
}

func during(s span) string { return "from " + at(s.from) + " to " + at(s.to) }

// at prints an instant.
func at(ms float64) string { return fmt.Sprintf("%.2fs", ms/1000) }

func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// clipped cuts a text after so many letters.
func clipped(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return strings.TrimSpace(string(runes[:most])) + "…"
	}
	return text
}
