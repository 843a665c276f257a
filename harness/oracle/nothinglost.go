package oracle

import (
	"fmt"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// NothingLost requires that a view shows what was committed, and nothing else:
//
//   - Nothing is invented: every value shown is that of an update that had begun by then. The view may show a value before its writer has the
//     response.
//   - Nothing vanishes: a subject disappears only if it was deleted, not even for a moment. Nor does the view itself: after the first view of
//     a cluster, the manager does not say that it does not manage the cluster.
//   - A view that claims a revision shows every update up to that revision, or later ones. It claims no revision that did not exist yet. And it shows
//     the subjects of a kind together that one transaction has updated together.
//   - Nothing is lost: when the manager is closed, the view shows each subject as the ledger has it. An update that is no older than
//     [record.Record.Allowed] allows at that time may still be missing. [Freshness] judges a view that is staler than that.
//
// Each tenure is judged by itself. After a restore from a backup, a view that still claims a revision from before is compared with what was committed
// before.
type NothingLost struct{}

// Name is "nothing lost".
func (NothingLost) Name() string { return "nothing lost" }

// Judge compares the views with the ledger.
func (o NothingLost) Judge(r *record.Record) record.Verdict {
	views := 0
	var wrong []violation
	for _, t := range r.Tenures {
		h := newHistory(r, t)
		for _, v := range h.views() {
			views++
			h.enter(v)
			wrong = append(wrong, h.falsehoods(v)...)
		}
		wrong = append(wrong, h.lost()...)
	}
	switch {
	case len(wrong) > 0:
		return firstAndWorst(o, r, wrong)
	case views == 0:
		return notAsked(o, "no view was shown")
	}
	return passed(o, "%s as committed", plural(views, "view", "views"))
}

// falsehoods updates the history by a view and returns what in the view contradicts the ledger.
func (h *history) falsehoods(v record.View) []violation {
	var wrong []violation
	violated := func(format string, args ...any) {
		wrong = append(wrong, violation{cluster: v.Cluster, at: v.At, text: fmt.Sprintf(format, args...)})
	}
	var vanished []string
	for _, ch := range v.Changes {
		before := h.shown[ch.Subject]
		switch m := h.show(v.At, ch); {
		case ch.Value == "" && m != current && before != "":
			vanished = append(vanished, fmt.Sprintf("%s = %s", ch.Subject, before))
		case ch.Value == "":
		case m == tooEarly:
			violated("%s was shown at %s, before its writer had begun to write it", ch, record.Stamp(v.At))
		case m == unknown:
			violated("%s was shown at %s and never committed", ch, record.Stamp(v.At))
		}
	}
	switch {
	case v.Absent:
		violated("at %s the manager said that it does not manage the cluster, which it was given", record.Stamp(v.At))
	case len(vanished) > 0:
		violated("%s vanished from the view at %s and had not been deleted", strings.Join(vanished, ", "), record.Stamp(v.At))
	}
	if v.Revision == 0 || len(vanished) > 0 {
		return wrong
	}
	if contradiction, problem := h.contradiction(v); problem != "" {
		violated("at %s %s and showed %s; the ledger has %s", record.Stamp(v.At), problem, h.showing(contradiction.Subject), update(contradiction))
	} else if one, other, found := h.split(v); found {
		violated("at %s the view showed %s, but %s; one transaction wrote it and %s", record.Stamp(v.At), update(one),
			h.showing(other.Subject), update(other))
	}
	return wrong
}

// showing describes what the view shows of a subject.
func (h *history) showing(s record.Subject) string {
	if value := h.shown[s]; value != "" {
		return record.Change{Subject: s, Value: value}.String()
	}
	return "no " + s.String()
}

// lost returns a violation for each subject that the view did not show as the ledger has it when the manager was closed.
func (h *history) lost() []violation {
	r, end := h.record, h.record.Until(h.tenure)
	if r.ManagerClose < 0 || end != r.ManagerClose || r.Unseen(h.tenure) {
		return nil
	}
	limits := r.Allowed(h.tenure)
	if len(limits) == 0 {
		return nil // the tenure ended at the instant at which it began
	}
	allowed, points := limits[len(limits)-1], r.Staleness(h.tenure)
	if allowed.Any || points[len(points)-1].Staleness > allowed.Max {
		return nil // the view may still be recovering, or it is too stale, which is for Freshness
	}
	var wrong []violation
	for _, s := range h.subjects {
		settled := h.settled(s, end-allowed.Max)
		if settled < 0 || h.showsFrom(s, settled, end) {
			continue
		}
		shown := record.Change{Subject: s, Value: h.shown[s]}
		wrong = append(wrong, violation{cluster: h.tenure.Cluster, at: end, text: fmt.Sprintf(
			"the view ended with %s, the ledger with %s", shown, update(h.updates[s][settled]))})
	}
	return wrong
}

// settled is the index of the last update of a subject that was committed before an instant, or -1.
func (h *history) settled(s record.Subject, before time.Duration) int {
	last := -1
	for i, u := range h.updates[s] {
		if u.At < before {
			last = i
		}
	}
	return last
}
