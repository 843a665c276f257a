package soak

import (
	"cmp"
	"maps"
	"slices"
)

// groups divides the failures into groups, those with the most runs first. A failure whose cause was not looked for is not in a group if another one of
// the same oracle was explained, and is in the group of the oracle otherwise.
func (t *tally) groups() ([]Group, []Unexplained) {
	groups := map[string]*Group{}
	rest := map[string]*Group{} // by oracle, those whose cause was not looked for
	explained := map[string]bool{}
	for _, seed := range slices.Sorted(maps.Keys(t.failures)) {
		f := t.failures[seed]
		for _, v := range f.failed {
			i := slices.IndexFunc(f.explained, func(e Explained) bool { return e.Oracle == v.Oracle })
			if i < 0 {
				collect(rest, Group{Key: v.Oracle, Oracle: v.Oracle, Seed: seed, Evidence: v.Evidence, Again: f.again})
				continue
			}
			e := f.explained[i]
			explained[v.Oracle] = true
			g := Group{Oracle: v.Oracle, Kind: e.Kind, Seed: seed, Evidence: v.Evidence, Cause: e.Text, File: e.File, Again: f.again}
			if e.Problem != "" {
				g.Kind, g.Cause = noCause, "none was found: "+firstLine(e.Problem)
			}
			g.Key = v.Oracle + ": " + g.Kind
			collect(groups, g)
		}
	}
	unexplained := []Unexplained{}
	for _, oracle := range slices.Sorted(maps.Keys(rest)) {
		if explained[oracle] {
			unexplained = append(unexplained, Unexplained{oracle, rest[oracle].Count})
		} else {
			groups[oracle] = rest[oracle]
		}
	}
	list := []Group{}
	for _, g := range groups {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b Group) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Key, b.Key)) })
	return list, unexplained
}

// noCause is the kind of the cause of failures for which none was found.
const noCause = "no cause found"

// collect counts a failure in its group, and begins the group with it if it is the first.
func collect(groups map[string]*Group, g Group) {
	if groups[g.Key] == nil {
		groups[g.Key] = &g
	}
	groups[g.Key].Count++
}
