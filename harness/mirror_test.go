package harness_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
)

func TestAMirrorClaimsNothingForCodeThatSaysNothingOfItsHealth(t *testing.T) {
	gone := errors.New("the watch was closed")
	for claimed, want := range map[harness.Health]harness.Health{
		harness.HealthUnknown: harness.HealthUnknown, harness.UpToDate: harness.OutOfDate, harness.OutOfDate: harness.OutOfDate,
	} {
		follow := func(_ context.Context, _ harness.Target, publish func(harness.View)) error {
			publish(harness.View{Health: claimed})
			return gone
		}
		m, err := harness.Mirror{FollowTarget: follow}.New(harness.Setup{})
		require.NoError(t, err)
		views := make(chan harness.View, 2)
		m.(harness.Pusher).Push(func(_ string, v harness.View) { views <- v })
		require.NoError(t, m.Apply(t.Context(), []harness.Target{{Cluster: "alpha"}}))
		require.Equal(t, harness.View{Health: claimed}, <-views)
		require.Equal(t, harness.View{Health: want, Err: gone}, <-views)
		require.NoError(t, m.Close())
	}
}
