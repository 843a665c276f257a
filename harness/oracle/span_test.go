package oracle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestUnionJoinsWhatOverlapsOrTouches(t *testing.T) {
	require.Equal(t, spans{{1, 3}, {4, 9}, {10, 12}}, union([]span{{10, 12}, {4, 8}, {1, 2}, {5, 6}, {2, 3}, {7, 9}}))
	require.Empty(t, union(nil))
}

func TestASpanExcludesItsFirstInstantAndIncludesItsLast(t *testing.T) {
	s := union([]span{{10, 20}, {15, 18}, {30, 40}})
	for at, want := range map[time.Duration]bool{9: false, 10: false, 11: true, 19: true, 20: true, 21: false, 30: false, 31: true, 40: true, 41: false} {
		require.Equal(t, want, s.hold(at), "at %d", at)
	}
}
