package oracle

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// NoWayBack requires that a view never goes back in time: neither its revision nor, as a number, any checkpoint in it falls
// below what it was before. A checkpoint whose task was truly removed may begin anew. Views after the manager was closed, or
// told to let go of the cluster, are not judged.
type NoWayBack struct{}

// Name is "no way back".
func (NoWayBack) Name() string { return "no way back" }

// Judge replays the views of every cluster.
func (o NoWayBack) Judge(r *record.Record) record.Verdict {
	looked := 0
	var broken []setback
	for _, c := range r.Clusters {
		n, back := setbacks(r, c.Name)
		looked += n
		broken = append(broken, back...)
	}
	if looked == 0 {
		return notAsked(o, "no view was shown")
	}
	if len(broken) == 0 {
		return passed(o, "%s in order", plural(looked, "view", "views"))
	}
	first, worst := broken[0], broken[0]
	for _, b := range broken {
		if b.at < first.at {
			first = b
		}
		if b.depth > worst.depth {
			worst = b
		}
	}
	evidence := fmt.Sprintf("%s; %s", first, r.Situation(first.cluster, first.at))
	if worst != first {
		evidence += fmt.Sprintf("; worst of %d: %s", len(broken), worst)
	}
	return failed(o, "%s", evidence)
}

// setback is a step back in time.
type setback struct {
	cluster  string
	at       time.Duration
	what     string
	from, to string
	depth    uint64
}

func (s setback) String() string {
	return fmt.Sprintf("%s: %s went back from %s to %s at %s", s.cluster, s.what, s.from, s.to, record.Stamp(s.at))
}

func setbacks(r *record.Record, cluster string) (looked int, back []setback) {
	_, until, ok := r.Managed(cluster)
	if !ok {
		return 0, nil
	}
	removed := removedTasks(r, cluster)
	var revision int64
	highest := map[record.Subject]uint64{}
	for _, v := range r.Views {
		if v.Cluster != cluster || v.At >= until {
			continue
		}
		looked++
		if v.Revision < revision {
			back = append(back, setback{
				cluster: cluster, at: v.At, what: "the revision",
				from: strconv.FormatInt(revision, 10), to: strconv.FormatInt(v.Revision, 10), depth: uint64(revision - v.Revision),
			})
		}
		revision = max(revision, v.Revision)
		for _, ch := range v.Changes {
			if ch.Subject.Kind != record.Checkpoint {
				continue
			}
			if ch.Value == "" {
				if removed[ch.Subject] {
					delete(highest, ch.Subject)
				}
				continue
			}
			was := highest[ch.Subject]
			now, err := strconv.ParseUint(ch.Value, 10, 64)
			if err != nil || now < was {
				to := ch.Value
				if err != nil {
					to = strconv.Quote(strings.ToValidUTF8(to, "?")) + ", which is no number,"
				}
				back = append(back, setback{
					cluster: cluster, at: v.At, what: ch.Subject.String(), from: strconv.FormatUint(was, 10), to: to, depth: was - now,
				})
			}
			highest[ch.Subject] = max(was, now)
		}
	}
	return looked, back
}

// removedTasks are the subjects that the ledger saw go. When does not matter here: the view may have shown it first.
func removedTasks(r *record.Record, cluster string) map[record.Subject]bool {
	removed := map[record.Subject]bool{}
	for _, c := range r.Commits {
		if c.Cluster == cluster && c.Value == "" {
			removed[c.Subject] = true
		}
	}
	return removed
}
