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
	may := func(v View) bool {
		may, restored := v.mayReplace(old, nil)
		require.False(t, restored)
		return may
	}
	require.True(t, may(seen(1, "m", 10, 20)))
	require.False(t, may(seen(1, "m", 9, 20)), "a view would go back")
	require.False(t, may(seen(1, "m", 10, 19)))
	require.False(t, may(seen(1, "", 10, 20)), "it has not answered")
	require.True(t, may(seen(2, "m", 1, 1)), "another cluster's revisions mean nothing")

	old = seen(1, "m", 10, 20)
	v := seen(1, "m", 10, 20)
	require.False(t, may(v), "it may sit on a member that delivers nothing, and the old one serves well")
	for prefix, s := range v.Prefixes {
		s.Confirmed = true
		v = v.with(prefix, s)
	}
	require.True(t, may(v))
}

// A linearizable read never shows a revision older than one that was seen before the read began, unless the cluster was restored.
func TestASuccessorFindsThatItsClusterWasRestored(t *testing.T) {
	rose := map[string]time.Time{"/a": time.Unix(5, 0), "/b": time.Unix(6, 0)}
	at := func(revision, proven int64, values map[string]guard.Value) View {
		v := seen(1, "m", 30, 30)
		v = v.with("/b", guard.Snapshot{Revision: 30, Healthy: true, Confirmed: true, Endpoint: "m", ClusterID: 1})
		return v.with("/a", guard.Snapshot{
			Revision: revision, Proven: time.Unix(proven, 0), Values: values, Healthy: true, Confirmed: true, Endpoint: "m", ClusterID: 1,
		})
	}
	one := func(key, value string, modified int64) map[string]guard.Value {
		return map[string]guard.Value{key: {Value: value, ModRevision: modified}}
	}
	old := at(10, 5, one("/a/1", "x", 7))
	for _, c := range []struct {
		name          string
		v             View
		may, restored bool
	}{
		{"read before the old view had its revision", at(9, 5, one("/a/1", "x", 7)), false, false},
		{"read after it, and older", at(9, 6, one("/a/1", "x", 7)), true, true},
		{"the same key", at(10, 6, one("/a/1", "x", 7)), true, false},
		{"the key was written since", at(12, 6, one("/a/1", "y", 11)), true, false},
		{"the key was deleted since", at(12, 6, nil), true, false},
		{"another key was written since", at(12, 6, one("/a/2", "y", 12)), true, false},
		{"another value of the same revision", at(12, 6, one("/a/1", "y", 7)), true, true},
		{"the key as it was before", at(12, 6, one("/a/1", "w", 6)), true, true},
		{"a key that was not there", at(12, 6, one("/a/2", "y", 10)), true, true},
	} {
		may, restored := c.v.mayReplace(old, rose)
		require.Equal(t, [2]bool{c.may, c.restored}, [2]bool{may, restored}, c.name)
	}
	ahead := at(10, 5, one("/a/1", "x", 15)) // one of two hedged streams has delivered it
	_, restored := at(12, 6, one("/a/1", "w", 6)).mayReplace(ahead, rose)
	require.False(t, restored)
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
