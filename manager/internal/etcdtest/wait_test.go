package etcdtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAStallOfTheMachineCostsLittlePatience(t *testing.T) {
	left := patience(Patience)
	left.spend(Patience)
	require.Equal(t, patience(Patience-20*look), left)
	left.spend(look)
	require.Equal(t, patience(Patience-21*look), left)
	for left > 0 {
		left.spend(2 * look)
	}
	require.LessOrEqual(t, time.Duration(left), time.Duration(0))
}
