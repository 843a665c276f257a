package oracle

import (
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// history compares what the view of one tenure showed of each subject with the ledger. Each subject is written by one program, one update
// after another, so the ledger has its updates in their true order.
type history struct {
	record  *record.Record
	tenure  record.Tenure
	updates map[record.Subject][]record.Commit
	// subjects are the subjects with updates, in the order of their first updates.
	subjects []record.Subject
	// shown is what the view shows now. reached is, for each subject, the index of the earliest update that the view may have reached: the
	// update has the value that was shown, and is not earlier than the one reached before.
	shown   map[record.Subject]string
	reached map[record.Subject]int
}

func newHistory(r *record.Record, t record.Tenure) *history {
	h := &history{
		record: r, tenure: t, updates: map[record.Subject][]record.Commit{}, shown: map[record.Subject]string{}, reached: map[record.Subject]int{},
	}
	for _, c := range r.Commits {
		if c.Cluster != t.Cluster {
			continue
		}
		if len(h.updates[c.Subject]) == 0 {
			h.subjects = append(h.subjects, c.Subject)
		}
		h.updates[c.Subject] = append(h.updates[c.Subject], c)
	}
	return h
}

// views are the views of the tenure.
func (h *history) views() []record.View {
	var views []record.View
	for _, v := range h.record.Views {
		if v.Cluster == h.tenure.Cluster && v.At >= h.tenure.From && v.At < h.record.Until(h.tenure) {
			views = append(views, v)
		}
	}
	return views
}

// match says how a shown value relates to the ledger.
type match int

const (
	current  match = iota // the value of the update reached, or of a later one
	older                 // only the value of an update before the one reached
	tooEarly              // only the value of an update that had not begun yet
	unknown               // the value of no update
)

// show updates the history by a change of the view, and returns how the shown value relates to the ledger. Only a current value changes
// which update is reached.
func (h *history) show(at time.Duration, ch record.Change) match {
	h.shown[ch.Subject] = ch.Value
	found := unknown
	for i, u := range h.updates[ch.Subject] {
		switch {
		case u.Value != ch.Value:
		case u.Begun > at:
			if found == unknown {
				found = tooEarly
			}
		case i >= h.reached[ch.Subject]:
			h.reached[ch.Subject] = i
			return current
		default:
			found = older
		}
	}
	return found
}

// contradiction returns an update that contradicts the revision that a view claims, and the problem. An update up to that revision
// contradicts it if the view shows neither it nor a later one of its subject, or if it began only after the view was shown, so that the
// manager could not know the revision. The problem is empty if there is no contradiction.
func (h *history) contradiction(v record.View) (update record.Commit, problem string) {
	if v.Revision == 0 {
		return record.Commit{}, ""
	}
	for _, s := range h.subjects {
		updates := h.updates[s]
		last := -1
		for i, u := range updates {
			if u.Revision > 0 && u.Revision <= v.Revision {
				last = i
			}
		}
		if last < 0 {
			continue
		}
		if u := updates[last]; u.Begun > v.At {
			return u, fmt.Sprintf("the view claimed revision %d before the update with revision %d was begun", v.Revision, u.Revision)
		}
		if !h.showsFrom(s, last, v.At) {
			return updates[last], fmt.Sprintf("the view claimed revision %d", v.Revision)
		}
	}
	return record.Commit{}, ""
}

// showsFrom says whether the view shows the value of one of a subject's updates from index first on that had begun by an instant.
func (h *history) showsFrom(s record.Subject, first int, at time.Duration) bool {
	for _, u := range h.updates[s][first:] {
		if u.Begun <= at && u.Value == h.shown[s] {
			return true
		}
	}
	return false
}
