// Package quantile finds quantiles of measured values.
package quantile

import "math"

// Of returns the smallest element of a sorted list that is no smaller than the given share, from 0 to 1, of all elements. The list must not be empty.
func Of[T any](sorted []T, share float64) T {
	return sorted[max(int(math.Ceil(share*float64(len(sorted))))-1, 0)]
}
