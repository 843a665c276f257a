package quantile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAQuantileIsAnElementThatWasMeasured(t *testing.T) {
	ten := []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	require.Equal(t, 1, Of(ten, 0))
	require.Equal(t, 5, Of(ten, 0.5))
	require.Equal(t, 9, Of(ten, 0.9))
	require.Equal(t, 10, Of(ten, 0.99))
	require.Equal(t, 10, Of(ten, 1))
	require.Equal(t, 7, Of([]int{7}, 0.5))
	require.Equal(t, 2, Of([]int{1, 2, 3}, 0.5))
}
