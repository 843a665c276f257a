package oracle

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/stormwatch/stormwatch/harness/record"
)

// NoWayBack requires that a view never goes back in time: its revision never falls, no subject shows an older value again, and the number
// that is the value of a rising kind never falls. After a subject of a rising kind was deleted in the ledger, its value may start again
// from any number. After a restore from a backup, the revision may fall once, and each subject may show once the value that the backup has, and then
// no value from before. Each tenure is judged by itself.
type NoWayBack struct{}

// Name is "no way back".
func (NoWayBack) Name() string { return "no way back" }

// Judge compares each view of every tenure with the views before it.
func (o NoWayBack) Judge(r *record.Record) record.Verdict {
	looked := 0
	var wrong []violation
	for _, t := range r.Tenures {
		h := newHistory(r, t)
		highest := map[record.Subject]uint64{}
		for _, v := range h.views() {
			looked++
			if before := h.enter(v); before > 0 {
				wrong = append(wrong, h.setback(v, nil, strconv.FormatInt(before, 10), strconv.FormatInt(v.Revision, 10)))
			}
			for _, ch := range v.Changes {
				wrong = append(wrong, h.setbacks(v, ch, highest)...)
			}
		}
	}
	switch {
	case looked == 0:
		return notAsked(o, "no view was shown")
	case len(wrong) > 0:
		return firstAndWorst(o, r, wrong)
	}
	return passed(o, "%s in order", plural(looked, "view", "views"))
}

// setback describes a value of a subject, or without one a revision, that went back, and what the ledger held at that instant.
func (h *history) setback(v record.View, s *record.Subject, from, to string) violation {
	what := "the revision"
	if s != nil {
		what = s.String()
	}
	held := "the ledger had no update yet"
	if c, ok := h.newest(s, v.At); ok {
		held = "the newest update in the ledger was " + update(c)
	}
	return violation{cluster: v.Cluster, at: v.At, text: fmt.Sprintf("%s went back from %s to %s at %s; %s",
		what, from, to, record.Stamp(v.At), held)}
}

// setbacks updates the history by a change of a view and returns a violation if the subject went back in time. highest is the highest value
// so far of each subject of a rising kind.
func (h *history) setbacks(v record.View, ch record.Change, highest map[record.Subject]uint64) []violation {
	before, was := h.shown[ch.Subject], highest[ch.Subject]
	history := h.reachedHistory(ch.Subject)
	m := h.show(v.At, ch)
	if h.reachedHistory(ch.Subject) > history {
		was = 0
	}
	if ch.Value == "" {
		if m == current {
			delete(highest, ch.Subject)
		}
		return nil
	}
	if before == "" {
		before = "none"
	}
	if k, ok := h.record.Kind(ch.Subject.Kind); ok && k.Rising {
		now, err := strconv.ParseUint(ch.Value, 10, 64)
		switch {
		case err != nil:
			text := strconv.Quote(strings.ToValidUTF8(ch.Value, "?")) + ", which is no number,"
			return []violation{h.setback(v, &ch.Subject, before, text)}
		case now < was:
			return []violation{h.setback(v, &ch.Subject, strconv.FormatUint(was, 10), ch.Value)}
		}
		highest[ch.Subject] = now
		return nil
	}
	if m == older {
		return []violation{h.setback(v, &ch.Subject, before, ch.Value+", an older value,")}
	}
	return nil
}
