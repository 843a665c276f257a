package embedded_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/point"
)

// The two clusters have the same name; each has its own board.
func TestAFaultInOneWorldDoesNotTouchAnother(t *testing.T) {
	hurt, other := start(t, 3), start(t, 3)
	defer hurt.close()
	defer other.close()
	for _, m := range hurt.names {
		hurt.throw(m, point.WALSave, point.Decision{Kind: point.Hang})
		require.NoError(t, hurt.InForce(t.Context(), m, point.WALSave))
	}
	_, err := other.client(other.names...).Put(other.ctx(other.timing.LeaseTTL), "k", "v")
	require.NoError(t, err)
	_, err = hurt.client(hurt.names...).Put(hurt.ctx(hurt.timing.Election), "k", "v")
	require.Error(t, err)
}

func TestWorldsSideBySide(t *testing.T) {
	for i := range 4 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			s := start(t, 3)
			defer s.close()
			old := s.leader()
			hang := s.throw(old, point.WALSave, point.Decision{Kind: point.Hang})
			require.NoError(t, s.InForce(t.Context(), old, point.WALSave))
			now := s.leader(old)
			hang.Heal()
			s.await(func() bool { return s.Status(old).Leader == s.Status(now).ID }, "the old leader never learns")
			require.NoError(t, s.Kill(t.Context(), now))
			require.NoError(t, s.Restart(t.Context(), now))
			s.leader()
		})
	}
}
