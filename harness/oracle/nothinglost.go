package oracle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// NothingLost requires two things of every view:
//
//   - Nothing is lost: when the manager is closed, the view shows each subject as the ledger has it. An update younger than
//     [bound.Bounds.Calm] may still be under way, so that its value and the one before it are both right. Unlike freshness
//     this sees an update that was shown and then forgotten. It is not asked of clusters that were removed before or that
//     had no quorum at that instant, nor of a run that never closed its manager: a world lets its clusters settle first.
//   - Nothing is invented: every value ever shown was committed some time in the run, be it that the view showed it before
//     its writer had the answer.
type NothingLost struct{}

// Name is "nothing lost".
func (NothingLost) Name() string { return "nothing lost" }

// Judge compares the views with the ledger.
func (o NothingLost) Judge(r *record.Record) record.Verdict {
	var wrong, fine []string
	if evidence := invented(r); evidence != "" {
		wrong = append(wrong, evidence)
	} else {
		fine = append(fine, "nothing invented in "+plural(len(r.Views), "view", "views"))
	}
	if evidence, subjects, reason := lost(r); evidence != "" {
		wrong = append(wrong, evidence)
	} else if reason != "" {
		fine = append(fine, "not asked what was lost: "+reason)
	} else {
		fine = append(fine, plural(subjects, "subject", "subjects")+" at the end as committed")
	}
	if len(wrong) > 0 {
		return failed(o, "%s", strings.Join(wrong, "; "))
	}
	return passed(o, "%s", strings.Join(fine, ", "))
}

// fact is a value of a subject in a cluster.
type fact struct {
	cluster string
	subject record.Subject
	value   string
}

func (f fact) String() string {
	if f.value == "" {
		return fmt.Sprintf("%s no %s", f.cluster, f.subject)
	}
	return fmt.Sprintf("%s %s = %s", f.cluster, f.subject, f.value)
}

// invented tells of the first value that was shown and never committed, and how many more there were.
func invented(r *record.Record) string {
	ledger := map[fact]bool{}
	for _, c := range r.Commits {
		ledger[fact{c.Cluster, c.Subject, c.Value}] = true
	}
	first, more := "", map[fact]bool{}
	for _, v := range r.Views {
		for _, ch := range v.Changes {
			f := fact{v.Cluster, ch.Subject, ch.Value}
			if ch.Value == "" || ledger[f] {
				continue
			}
			if first == "" {
				first = fmt.Sprintf("%s was shown at %s and never committed; %s", f, record.Stamp(v.At), r.Situation(v.Cluster, v.At))
			}
			more[f] = true
		}
	}
	if len(more) > 1 {
		first += fmt.Sprintf("; %d such values in all", len(more))
	}
	return first
}

// lost tells of the subject whose true value has been due for longest at the manager's close, if any, and of how many
// subjects it looked at. The reason is set if it could look at none.
func lost(r *record.Record) (evidence string, subjects int, reason string) {
	if r.ManagerClose < 0 {
		return "", 0, "the manager was never closed"
	}
	end := r.ManagerClose
	reason = "no cluster was the manager's and had its quorum at its close"
	wrong := 0
	var due time.Duration
	for _, c := range r.Clusters {
		around, ok := circumstancesOf(r, c)
		if !ok || c.Until > 0 || around.lost.hold(end) {
			continue
		}
		reason = ""
		shown := shownAt(r, c.Name, end)
		for _, t := range truths(r, c.Name, end-r.Bounds().Calm(), shown) {
			subjects++
			value := shown[t.subject]
			if slices.Contains(t.right, value) {
				continue
			}
			if wrong++; wrong == 1 || t.last.At < due {
				due = t.last.At
				evidence = fmt.Sprintf("the view ended with %s, the ledger with %s; %s",
					fact{c.Name, t.subject, value}, t.text, r.Situation(c.Name, end))
			}
		}
	}
	if wrong > 1 {
		evidence += fmt.Sprintf("; %d subjects differ in all", wrong)
	}
	return evidence, subjects, reason
}

// shownAt replays a cluster's views. A view of the very instant may be of a manager that is closing.
func shownAt(r *record.Record, cluster string, end time.Duration) map[record.Subject]string {
	shown := map[record.Subject]string{}
	for _, v := range r.Views {
		if v.Cluster == cluster && v.At < end {
			for _, ch := range v.Changes {
				shown[ch.Subject] = ch.Value
			}
		}
	}
	return shown
}

// truth is what a view may show of a subject at the end.
type truth struct {
	subject record.Subject
	right   []string
	last    record.Commit
	text    string
}

// truths are those of every subject that the ledger or the view knows, in the order in which they became known.
func truths(r *record.Record, cluster string, settled time.Duration, shown map[record.Subject]string) []truth {
	bySubject := map[record.Subject][]record.Commit{}
	var order []record.Subject
	for _, c := range r.Commits {
		if c.Cluster != cluster {
			continue
		}
		if _, known := bySubject[c.Subject]; !known {
			order = append(order, c.Subject)
		}
		bySubject[c.Subject] = append(bySubject[c.Subject], c)
	}
	for _, v := range r.Views {
		for _, ch := range v.Changes {
			_, known := bySubject[ch.Subject]
			if v.Cluster == cluster && shown[ch.Subject] != "" && !known {
				order = append(order, ch.Subject)
				bySubject[ch.Subject] = nil
			}
		}
	}
	all := make([]truth, len(order))
	for i, s := range order {
		all[i] = truthOf(s, bySubject[s], settled)
	}
	return all
}

// truthOf: right are the value that was settled, and every younger one. Answers may come out of order, so revisions say
// which value is the later.
func truthOf(s record.Subject, commits []record.Commit, settled time.Duration) truth {
	t := truth{subject: s, text: "nothing of it"}
	value, newest := "", int64(-1)
	for _, c := range commits {
		if c.At > settled {
			t.right = append(t.right, c.Value)
		} else if c.Revision >= newest {
			value, newest = c.Value, c.Revision
			t.last, t.text = c, update(c)
		}
	}
	t.right = append(t.right, value)
	return t
}
