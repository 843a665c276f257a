package virtual

import (
	"crypto/rand"
	"encoding/binary"
	"os"
	"testing"

	"github.com/pingcap/failpoint"
	"github.com/stretchr/testify/require"
)

func TestFailpointsDrawFromTheSeed(t *testing.T) {
	const path = "stormwatch/test/draws"
	require.NoError(t, failpoint.Enable(path, "50%return(true)"))
	defer func() { require.NoError(t, failpoint.Disable(path)) }()
	draw := func(seed uint64) []bool {
		require.NoError(t, seedFailpoints(seed))
		var struck []bool
		for range 64 {
			_, err := failpoint.Eval(path)
			struck = append(struck, err == nil)
		}
		return struck
	}
	require.Equal(t, draw(1), draw(1))
	require.NotEqual(t, draw(1), draw(2))
}

func TestSeedingLeavesTheEnvironmentAsItWas(t *testing.T) {
	t.Setenv("GODEBUG", "gctrace=0")
	require.NoError(t, seedFailpoints(1))
	require.Equal(t, "gctrace=0", os.Getenv("GODEBUG"))
}

func TestRaftDrawsFromTheSeed(t *testing.T) {
	draw := func(seed uint64) uint64 {
		var b [8]byte
		require.NoError(t, New(t, seed).Run(func() { _, _ = rand.Reader.Read(b[:]) }))
		return binary.LittleEndian.Uint64(b[:])
	}
	require.Equal(t, draw(1), draw(1))
	require.NotEqual(t, draw(1), draw(2))
}
