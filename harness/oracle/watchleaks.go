package oracle

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// usual is how many watches of a key the manager may have open at once: as many as it says, or as it had before the first fault of the tenure.
func usual(r *record.Record, c circumstances, key string) int {
	before := c.until
	if len(c.own) > 0 {
		before = min(before, c.own[0].from)
	}
	most := max(1, r.Streams)
	open := 0
	for _, s := range countOpen(r, c, key, span{c.tenure.From, before}) {
		if open += s.change; s.at < before {
			most = max(most, open)
		}
	}
	return most
}

// opening is an instant at which the number of open watches changes.
type opening struct {
	at     time.Duration
	change int
}

// countOpen returns the changes of the number of open watches of a key within a time, in order. A watch on a member that clients cannot reach, or on
// a connection that was made half-open, does not count, since the member cannot know that the manager has closed it.
func countOpen(r *record.Record, c circumstances, key string, within span) []opening {
	deaf := map[string]spans{} // by member
	for _, f := range r.Faults {
		if f.Scope.Cluster != c.cluster {
			continue
		}
		for _, m := range f.Scope.Unreachable {
			deaf[m] = union(append(deaf[m], span{f.From, r.Ended(f.To)}))
		}
	}
	var changes []opening
	for _, w := range r.Watches {
		if w.Cluster != c.cluster || w.Key != key {
			continue
		}
		whole := span{max(w.Opened, within.from), min(r.Ended(w.Closed), within.to)}
		if whole.from >= whole.to {
			continue
		}
		for _, s := range union(append(stranded(r, w), deaf[w.Member]...)).without(whole) {
			changes = append(changes, opening{s.from, 1}, opening{s.to, -1})
		}
	}
	// If one watch is closed and another opened at the same instant, they were not open together.
	slices.SortFunc(changes, func(a, b opening) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.change, b.change)) })
	return changes
}

// stranded are the times in which the connection of a watch is half-open.
func stranded(r *record.Record, w record.Watch) (times []span) {
	for _, f := range r.Faults {
		if f.Scope.Cluster == w.Cluster && slices.Contains(f.Scope.Stranded, w.Member) && w.Opened <= f.From {
			times = append(times, span{f.From, r.Ended(f.To)})
		}
	}
	return times
}

// tooManyWatches returns a violation for each key that had more watches than usual, without a break, for longer than a manager takes to attach to
// another member. Time in which any staleness is allowed does not count, since the manager may be moving.
func tooManyWatches(r *record.Record, c circumstances) []violation {
	keys := map[string]bool{}
	for _, w := range r.Watches {
		if w.Cluster == c.cluster {
			keys[w.Key] = true
		}
	}
	var wrong []violation
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		most, open := usual(r, c, key), 0
		changes := countOpen(r, c, key, span{c.tenure.From, c.until})
		since := time.Duration(-1)
		for _, change := range changes {
			if since >= 0 && open+change.change <= most {
				wrong = append(wrong, c.crowd(r, key, most, span{since, change.at})...)
				since = -1
			}
			if open += change.change; open > most && since < 0 {
				since = change.at
			}
		}
	}
	return wrong
}

// crowd judges a time in which a key had too many watches.
func (c circumstances) crowd(r *record.Record, key string, most int, s span) []violation {
	var excused []span
	for _, l := range c.limits {
		if l.Any {
			excused = append(excused, span{l.From, l.To})
		}
	}
	limit := r.Bounds().Attach()
	for _, left := range union(excused).without(s) {
		if left.to-left.from <= limit {
			continue
		}
		at := left.from + limit
		var where []string
		for _, w := range r.WatchesAt(c.cluster, at) {
			if w.Key == key {
				where = append(where, fmt.Sprintf("on %s/%s since %s", c.cluster, w.Member, record.Stamp(w.Opened)))
			}
		}
		return []violation{{cluster: c.cluster, at: at, off: left.to - left.from, text: fmt.Sprintf(
			"%s of %s were open at once from %s to %s, where %d is enough: %s", plural(len(where), "watch", "watches"), key,
			record.Stamp(left.from), record.Stamp(left.to), most, strings.Join(where, ", "))}}
	}
	return nil
}
