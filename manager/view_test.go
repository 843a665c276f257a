package manager

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// seen is a view of two prefixes at these revisions.
func seen(clusterID uint64, endpoint string, a, b int64) View {
	v := newView([]string{"/a", "/b"}, 1)
	v = v.with("/a", guard.Snapshot{Revision: a, Healthy: endpoint != "", Endpoint: endpoint, ClusterID: clusterID})
	return v.with("/b", guard.Snapshot{Revision: b, Healthy: endpoint != "", Endpoint: endpoint, ClusterID: clusterID})
}

func TestASuccessorReplacesOnlyWhatItHasCaughtUpWith(t *testing.T) {
	old := seen(1, "", 10, 20)
	require.True(t, seen(1, "m", 10, 20).mayReplace(old))
	require.False(t, seen(1, "m", 9, 20).mayReplace(old), "a view would go back")
	require.False(t, seen(1, "m", 10, 19).mayReplace(old))
	require.False(t, seen(1, "", 10, 20).mayReplace(old), "it has not answered")
	require.True(t, seen(2, "m", 1, 1).mayReplace(old), "another cluster's revisions mean nothing")
}

func TestAViewIsWhatAllItsWatchesKnow(t *testing.T) {
	v := newView([]string{"/a", "/b"}, 1)
	require.ErrorIs(t, v.Err, ErrPending)
	v = v.with("/a", guard.Snapshot{Revision: 5, Healthy: true, Proven: time.Unix(2, 0)})
	require.False(t, v.Healthy)
	require.Zero(t, v.Revision)
	require.ErrorIs(t, v.Err, ErrPending)
	v = v.with("/b", guard.Snapshot{Revision: 3, Healthy: true, Proven: time.Unix(1, 0)})
	require.True(t, v.Healthy)
	require.Equal(t, int64(3), v.Revision)
	require.NoError(t, v.Err)
	require.Equal(t, time.Unix(1, 0), v.Proven())

	first, second := errors.New("first"), errors.New("second")
	v = v.with("/a", guard.Snapshot{Revision: 5, Healthy: true, Err: first})
	v = v.with("/b", guard.Snapshot{Revision: 3, Healthy: true, Err: second})
	v = v.with("/a", guard.Snapshot{Revision: 6, Healthy: true, Err: first})
	require.Equal(t, second, v.Err, "the last thing that went wrong, not an older one that was reported again")
}
