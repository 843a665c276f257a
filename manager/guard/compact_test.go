package guard_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// A member that says that history is compacted works, so there is no reason to wait, also if there is no other member.
func TestWhatIsCompactedIsReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		m := start(t, onFake(alpha, guard.Options{BackoffBase: 30 * time.Second, BackoffCap: 30 * time.Second}))
		time.Sleep(time.Minute)
		alpha.Cut() // the watches resume
		alpha.Put(checkpointKey, encode(1))
		alpha.Compact()
		time.Sleep(time.Second)
		v := m.view()
		require.Equal(t, uint64(1), v.Checkpoints["backup"])
		require.True(t, v.Healthy)
		var compacted *guard.CompactedError
		require.ErrorAs(t, v.Err, &compacted)
		require.Equal(t, int64(4), alpha.Members[0].Snapshots.Load(), "each watch has read twice")
	})
}

// If history is compacted faster than a watch can be created, reads must not follow each other without a pause.
func TestAClusterThatCompactsAllTheTimeIsReadWithPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		alpha.CompactsOnRead.Store(true)
		start(t, onFake(alpha, guard.Options{BackoffBase: time.Second, BackoffCap: time.Second}))
		time.Sleep(20 * time.Second)
		require.Less(t, alpha.Members[0].Snapshots.Load(), int64(2*25))
		require.Greater(t, alpha.Members[0].Snapshots.Load(), int64(2*15))
	})
}
