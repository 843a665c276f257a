package lanes

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness/report"
)

// thingLane is the lane of something that one manager at a time can own. It has a row for each manager that claimed it, and one for the keys of those who
// only waited.
type thingLane struct {
	name  string
	rows  []thingRow
	wrong []wrongly
}

// thingRow is what one manager claimed, and the keys that its claims rested on. Its words name the manager; they are empty for keys that nobody claimed with.
type thingRow struct {
	manager string
	claims  []claimed
	keys    []held
}

// claimed is a time in which a manager claimed a thing.
type claimed struct {
	span
	key, lease string
}

// unread is how short a claim can be, in milliseconds, for nobody to have looked for its key in time.
const unread = 1000

// held is a time in which a key stood in the cluster.
type held struct {
	span
	key, lease string
}

// wrongly is a time in which a thing was claimed by two managers, or without the key that makes its owner. Rows are the rows on which it is drawn.
type wrongly struct {
	span
	rows  []int
	words string
}

// on says whether it is drawn on a row.
func (w wrongly) on(row int) bool { return slices.Contains(w.rows, row) }

// thingsOf works out the lanes of what can be owned in a cluster.
func thingsOf(r *report.Record, managers []report.Other, cluster string, end float64) (things []thingLane) {
	find := func(name string) *thingLane {
		i := slices.IndexFunc(things, func(t thingLane) bool { return t.name == name })
		if i < 0 {
			i = len(things)
			things = append(things, thingLane{name: name})
		}
		return &things[i]
	}
	for _, manager := range managers {
		for _, c := range manager.Claims {
			if c.Cluster == cluster {
				row := find(c.Thing).row(called(manager.Number))
				row.claims = append(row.claims, claimed{span{c.From, ended(c.To, end)}, c.Key, c.Lease})
			}
		}
	}
	for _, h := range r.Holdings {
		if h.Cluster == cluster {
			find(h.Thing).hold(held{span{h.From, ended(h.To, end)}, h.Key, h.Lease})
		}
	}
	for i := range things {
		things[i].judge()
	}
	slices.SortStableFunc(things, func(a, b thingLane) int { return strings.Compare(a.name, b.name) })
	return things
}

// called names a manager by its number, which is zero if there is only one.
func called(number int) string {
	if number == 0 {
		return "the manager"
	}
	return fmt.Sprintf("manager %d", number)
}

// row is the row of a manager, or if its name is empty, of the keys that nobody claimed with.
func (t *thingLane) row(manager string) *thingRow {
	i := slices.IndexFunc(t.rows, func(r thingRow) bool { return r.manager == manager })
	if i < 0 {
		i = len(t.rows)
		t.rows = append(t.rows, thingRow{manager: manager})
	}
	return &t.rows[i]
}

// hold adds a key to the row of the manager that claimed the thing by it, or to that of keys that nobody claimed with.
func (t *thingLane) hold(key held) {
	manager := ""
	for _, row := range t.rows {
		if slices.ContainsFunc(row.claims, func(c claimed) bool { return c.key == key.key && c.lease == key.lease }) {
			manager = row.manager
		}
	}
	row := t.row(manager)
	row.keys = append(row.keys, key)
}

// judge finds the times in which two managers claimed the thing, and those in which one claimed it after its key was gone, or with a key that never stood.
// A claim may begin before its key is known: the harness reads the keys at intervals.
func (t *thingLane) judge() {
	for i, row := range t.rows {
		for _, c := range row.claims {
			gone, known := c.from, false
			for _, k := range row.keys {
				if k.key == c.key && k.lease == c.lease {
					gone, known = max(gone, k.to), true
				}
			}
			if without := (span{gone, c.to}); without.length() > 0 && (known || without.length() > unread) {
				t.wrong = append(t.wrong, wrongly{without, []int{i}, "without its key"})
			}
			for j, other := range t.rows[:i] {
				for _, o := range other.claims {
					if both := c.and(o.span); both.length() > 0 {
						t.wrong = append(t.wrong, wrongly{both, []int{j, i}, "by two"})
					}
				}
			}
		}
	}
}
