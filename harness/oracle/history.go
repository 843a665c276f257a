package oracle

import (
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// history compares what the view of one tenure showed of each subject with the ledger. Each subject is written by one program, one update
// after another, so the ledger has its updates in their true order.
//
// If the cluster was restored from a backup during the tenure, the ledger has several histories, see [record.Commit]. The manager is not told, so for a
// while its view is still of the history before. The view's revision falls when it enters the new one.
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
	// together are the transactions that updated several subjects of one kind, by kind and revision.
	together map[transaction][]part
	claimed  map[record.Subject]int // see upTo
	// entered is the latest history that the view is known to have entered, and revision the highest revision shown in it.
	entered  int
	revision int64
}

// transaction is the part of a transaction that updates subjects of one kind. A manager may watch each kind by itself, so only subjects of the
// same kind must be shown together.
type transaction struct {
	kind     string
	history  int
	revision int64
}

func transactionOf(c record.Commit) transaction {
	return transaction{c.Subject.Kind, c.History, c.Revision}
}

// part is one update of a transaction: the subject and the index among the updates of that subject.
type part struct {
	subject record.Subject
	index   int
}

func newHistory(r *record.Record, t record.Tenure) *history {
	h := &history{
		record: r, tenure: t, updates: map[record.Subject][]record.Commit{}, shown: map[record.Subject]string{}, reached: map[record.Subject]int{},
		together: map[transaction][]part{}, claimed: map[record.Subject]int{}, entered: r.History(t.Cluster, t.From),
	}
	for _, c := range r.Commits {
		if c.Cluster != t.Cluster {
			continue
		}
		if len(h.updates[c.Subject]) == 0 {
			h.subjects = append(h.subjects, c.Subject)
		}
		h.updates[c.Subject] = append(h.updates[c.Subject], c)
		if c.Revision > 0 && !c.Restored {
			of := transactionOf(c)
			h.together[of] = append(h.together[of], part{c.Subject, len(h.updates[c.Subject]) - 1})
		}
	}
	for of, parts := range h.together {
		if len(parts) == 1 {
			delete(h.together, of)
		}
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

// newest is the last update of a subject that was committed by an instant; without a subject, of all.
func (h *history) newest(of *record.Subject, at time.Duration) (last record.Commit, ok bool) {
	for _, s := range h.subjects {
		if of != nil && s != *of {
			continue
		}
		for _, u := range h.updates[s] {
			if u.At <= at && (!ok || u.At >= last.At) {
				last, ok = u, true
			}
		}
	}
	return last, ok
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

// enter notes the revision of the next view. It returns the revision that the view has fallen from, or zero. If the cluster was restored since the view
// entered its history, a fall is none: the view has entered the new history.
func (h *history) enter(v record.View) (before int64) {
	if v.Revision == 0 || v.Revision >= h.revision {
		h.revision = max(h.revision, v.Revision)
		return 0
	}
	if latest := h.record.History(h.tenure.Cluster, v.At); latest > h.entered {
		h.entered, h.revision = latest, v.Revision
		clear(h.claimed)
		return 0
	}
	return h.revision
}

// contradiction returns an update that contradicts the revision that a view claims, and the problem. An update up to that revision
// contradicts it if the view shows neither it nor a later one of its subject, or if it began only after the view was shown, so that the
// manager could not know the revision. The problem is empty if there is no contradiction.
func (h *history) contradiction(v record.View) (update record.Commit, problem string) {
	for _, s := range h.subjects {
		updates, last := h.updates[s], h.upTo(s, v.Revision)
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

// upTo is the index of a subject's last update up to a revision of the history that the view has entered, or -1. Revisions mostly rise from view to view,
// so the search begins where the last one ended.
func (h *history) upTo(s record.Subject, revision int64) int {
	updates := h.updates[s]
	next := h.claimed[s] // the index after the last update up to the revision asked for last
	for next < len(updates) && (updates[next].History < h.entered || updates[next].History == h.entered && updates[next].Revision <= revision) {
		next++
	}
	h.claimed[s] = next
	for last := next - 1; last >= 0 && updates[last].History == h.entered; last-- {
		if updates[last].Revision > 0 && updates[last].Revision <= revision { // zero: the revision of this update is not known
			return last
		}
	}
	return -1
}

// split returns two updates of one transaction if the view has just changed to show the first, and shows neither the second nor a later update of
// that subject.
func (h *history) split(v record.View) (shown, missing record.Commit, found bool) {
	for _, ch := range v.Changes {
		updates, reached := h.updates[ch.Subject], h.reached[ch.Subject]
		if reached >= len(updates) || updates[reached].Value != ch.Value {
			continue
		}
		for _, other := range h.together[transactionOf(updates[reached])] {
			if !h.showsFrom(other.subject, other.index, v.At) {
				return updates[reached], h.updates[other.subject][other.index], true
			}
		}
	}
	return shown, missing, false
}

// reachedHistory is the history of the update that the view has reached of a subject.
func (h *history) reachedHistory(s record.Subject) int {
	if updates := h.updates[s]; len(updates) > 0 {
		return updates[h.reached[s]].History
	}
	return 0
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
