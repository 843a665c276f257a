package guard_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// After a restore a watch is silent until its cluster has reached the watch's revision again, so only probes find it.
func TestARestoredClusterIsReadAgain(t *testing.T) {
	for name, o := range map[string]guard.Options{"plain": {}, "hedged": {Hedged: true}} {
		for _, size := range []int{1, 3} {
			t.Run(fmt.Sprintf("%s, %d members", name, size), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					alpha := etcdtest.StartFake(t, size)
					alpha.Put(servicePrefix+"web/1", "10.0.0.1:80")
					alpha.Put(checkpointKey, encode(1))
					restore := alpha.Backup()
					m := start(t, onFake(alpha, o))
					for value := range uint64(20) {
						alpha.Put(checkpointKey, encode(2+value))
					}
					alpha.Delete(servicePrefix + "web/1")
					time.Sleep(5 * time.Second)
					before := m.view()
					require.Equal(t, uint64(21), before.Checkpoints["backup"])
					require.Empty(t, before.Services)

					restore()
					time.Sleep(4 * time.Second)
					v := m.view()
					require.Equal(t, map[string]uint64{"backup": 1}, v.Checkpoints)
					require.Len(t, v.Services, 1, "what was deleted after the backup is there again")
					require.Less(t, v.Revision, before.Revision)
					require.True(t, v.Healthy)
					require.ErrorIs(t, v.Err, guard.ErrRevisionWentBack)
					require.Equal(t, m.services.Snapshot().History, m.checkpoint.Snapshot().History)
					require.Positive(t, m.checkpoint.Snapshot().History)

					history := m.checkpoint.Snapshot().History
					alpha.Put(checkpointKey, encode(100))
					time.Sleep(time.Minute)
					require.Equal(t, uint64(100), m.view().Checkpoints["backup"])
					require.Equal(t, history, m.checkpoint.Snapshot().History, "it was one restore")
				})
			})
		}
	}
}

// Who comes back when the restored cluster has passed the old revision sees it from the keys only.
func TestARestoredClusterThatHasCaughtUpIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		alpha.Put(servicePrefix+"web/1", "saved")
		restore := alpha.Backup()
		m := start(t, onFake(alpha, guard.Options{}))
		alpha.Put(servicePrefix+"web/1", "undone")
		time.Sleep(5 * time.Second)
		before := m.view()
		require.Equal(t, "undone", before.Services[servicePrefix+"web/1"].Value)

		resume := alpha.Stop()
		time.Sleep(time.Second)
		require.False(t, m.view().Healthy)
		restore()
		for value := range uint64(20) {
			alpha.Put(checkpointKey, encode(value))
		}
		resume()
		time.Sleep(10 * time.Second)
		v := m.view()
		require.Greater(t, v.Revision, before.Revision)
		require.Len(t, v.Services, 1)
		require.Equal(t, "saved", v.Services[servicePrefix+"web/1"].Value)
	})
}

// With a new token a restored cluster has another id.
func TestAnotherClusterAtTheSameAddressesIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		alpha.Put(servicePrefix+"web/1", "saved")
		restore := alpha.Backup()
		m := start(t, onFake(alpha, guard.Options{}))
		alpha.Put(servicePrefix+"web/2", "undone")
		time.Sleep(5 * time.Second)
		restore()
		alpha.ClusterID = 2
		alpha.Put(servicePrefix+"web/3", "as new as what was undone")
		time.Sleep(4 * time.Second)
		require.Len(t, m.view().Services, 2)
		require.Contains(t, m.view().Services, servicePrefix+"web/3")
		require.Equal(t, uint64(2), m.services.Snapshot().ClusterID)
	})
}
