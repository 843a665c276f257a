package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness"
)

// Find looks a scenario up by name. The error of a name that is not there offers the nearest ones.
func Find(name string) (harness.Scenario, error) {
	return find("scenario", name, All(), func(s harness.Scenario) string { return s.Name })
}

// FindManager looks a manager up by name, as Find does.
func FindManager(name string) (harness.Candidate, error) {
	return find("manager", name, Managers(), func(c harness.Candidate) string { return c.Name })
}

func find[T any](kind, name string, all []T, nameOf func(T) string) (T, error) {
	var names []string
	for _, one := range all {
		if nameOf(one) == name {
			return one, nil
		}
		names = append(names, nameOf(one))
	}
	var none T
	return none, fmt.Errorf("no %s is called %q; the nearest: %s", kind, name, strings.Join(nearest(name, names), ", "))
}

// nearest are the up to three names that take the fewest edits to become name, or contain it.
func nearest(name string, names []string) []string {
	distance := func(other string) int {
		if name != "" && strings.Contains(other, name) {
			return 0
		}
		return edits(name, other)
	}
	near := slices.Clone(names)
	slices.SortStableFunc(near, func(a, b string) int { return cmp.Compare(distance(a), distance(b)) })
	return near[:min(3, len(near))]
}

// edits is the Levenshtein distance of two names.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
