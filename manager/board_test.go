package manager

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnHeirReplacesOnlyWhatItHasCaughtUpWith(t *testing.T) {
	board := func(clusterID uint64, seat string, topology, backup int64) *board {
		b := newBoard(false)
		b.publish(&b.topology, standing{revision: topology, seat: seat}, clusterID, newTopology(), nil)
		b.publish(&b.backup, standing{revision: backup, seat: seat}, clusterID, newCheckpoints(), nil)
		return b
	}
	old := board(1, "", 10, 20)
	require.True(t, board(1, "m", 10, 20).mayReplace(old))
	require.False(t, board(1, "m", 9, 20).mayReplace(old), "a view would go back")
	require.False(t, board(1, "m", 10, 19).mayReplace(old))
	require.False(t, board(1, "", 10, 20).mayReplace(old), "it has not answered")
	require.True(t, board(2, "m", 1, 1).mayReplace(old), "another cluster's revisions mean nothing")
}
