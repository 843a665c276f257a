package guard_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func TestGetAsksEachMemberOnceUntilOneAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		alpha.Put("/k", "v")
		m := start(t, onFake(alpha, guard.Options{}))
		time.Sleep(time.Second)
		alpha.Members[0].Hang.Store(true)
		begun := time.Now()
		got, err := m.Get(t.Context(), "/k")
		require.NoError(t, err)
		require.Equal(t, "v", string(got.Kvs[0].Value))
		require.Equal(t, 2*time.Second, time.Since(begun), "one request's timeout")

		for _, member := range alpha.Members {
			member.Hang.Store(true)
		}
		begun = time.Now()
		_, err = m.Get(t.Context(), "/k")
		var failed *guard.OpError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, "get", failed.Op)
		require.Equal(t, 6*time.Second, time.Since(begun), "each once")
	})
}

func TestWhatEveryMemberWouldAnswerIsAskedOnce(t *testing.T) {
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	revision := alpha.Put(t, "/k", "1")
	alpha.Put(t, "/k", "2")
	_, err := alpha.Admin.Compact(t.Context(), revision+1, clientv3.WithCompactPhysical())
	require.NoError(t, err)
	m := start(t, on(alpha, brisk()))
	_, err = m.Get(t.Context(), "/k", clientv3.WithRev(revision))
	require.ErrorIs(t, err, rpctypes.ErrCompacted)
	require.True(t, guard.IsAnswer(err))
}
