package fault

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
)

func TestTheZeroFaultIsNoneAndSaysSo(t *testing.T) {
	var none Fault
	require.Equal(t, "no fault", none.Name())
	require.Equal(t, "no fault", none.String())
	require.Empty(t, none.Clusters())
	_, one := none.Member()
	require.False(t, one)
	_, err := Parse(none.String())
	require.ErrorContains(t, err, `no fault is called "no fault"`)
	onPaper(t, func(w *harness.World) {
		_, err := w.Begin(none)
		require.EqualError(t, err, "the zero value of a fault cannot happen")
	})
}
