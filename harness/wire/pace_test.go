package wire

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnlyABurstAtOneInstantIsTooMuch(t *testing.T) {
	var p pace
	for i := range 10 * burst {
		require.False(t, p.tooMany(time.Duration(i)*time.Microsecond))
	}
	now := time.Second
	for range burst {
		require.False(t, p.tooMany(now))
	}
	require.True(t, p.tooMany(now))
	require.False(t, p.tooMany(now+afterBurst))
}
