// Package names suggests the nearest known names for a name that does not exist.
package names

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Unknown is the error for a name that does not exist. sort says what kind of thing it names, and all are the names that exist; the error
// suggests the nearest of them.
func Unknown(sort, name string, all []string) error {
	return fmt.Errorf("no %s is called %q; %s", sort, name, Offer(name, all))
}

// Offer returns a phrase that suggests the names nearest to name.
func Offer[S ~string](name string, all []S) string {
	if len(all) == 0 {
		return "there is none"
	}
	var near []string
	for _, one := range nearest(name, all) {
		near = append(near, string(one))
	}
	return "the nearest: " + strings.Join(near, ", ")
}

// nearest returns at most three names: first those that contain name, then those with the smallest edit distance to it. Names that are
// equally near keep their order.
func nearest[S ~string](name string, all []S) []S {
	distance := func(other S) int {
		if name != "" && strings.Contains(strings.ToLower(string(other)), strings.ToLower(name)) {
			return 0
		}
		return edits(name, string(other))
	}
	near := slices.Clone(all)
	slices.SortStableFunc(near, func(a, b S) int { return cmp.Compare(distance(a), distance(b)) })
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
