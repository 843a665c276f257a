package manager_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// While the old runtime reaches nobody, the cluster is restored from a backup. The new one begins below the old revision: it must not wait until the
// cluster has reached that again, which may be never.
func TestASuccessorServesAClusterThatWasRestoredMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		for _, m := range alpha.Members[1:] {
			m.Unlisted.Store(true) // else the old runtime reaches them too
		}
		target := toFake(alpha, "alpha")
		everywhere := target.Endpoints
		target.Endpoints = everywhere[:1]
		m := startManager(t, brisk(), target)
		alpha.Put(jobKey, "old")
		time.Sleep(5 * time.Second)
		restore := alpha.Backup()
		for range 10 {
			alpha.Put(jobKey, "undone")
		}
		time.Sleep(5 * time.Second)
		before := view(t, m, "alpha")
		require.Equal(t, "undone", job(before))

		alpha.Members[0].Refuse.Store(true)
		alpha.Cut()
		restore()
		target.Endpoints = everywhere[1:]
		require.NoError(t, m.Apply(t.Context(), []manager.Target{target}))
		time.Sleep(5 * time.Second)
		after := view(t, m, "alpha")
		require.Equal(t, "old", job(after))
		require.True(t, after.Healthy)
		require.Less(t, after.Revision, before.Revision)
		require.Equal(t, before.History+1, after.History)
		require.Equal(t, before.Tenure, after.Tenure)
		require.False(t, after.Proven().IsZero())

		alpha.Put(jobKey, "new")
		time.Sleep(time.Second)
		require.Equal(t, "new", job(view(t, m, "alpha")))
	})
}

// The members that the new target leads to first deliver nothing. The old runtime serves until a probe has shown that the new one misses nothing.
func TestASuccessorOnAStaleMemberDoesNotServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		target := toFake(alpha, "alpha")
		everywhere := target.Endpoints
		target.Endpoints = everywhere[:1]
		m := startManager(t, brisk(), target)
		time.Sleep(5 * time.Second)
		alpha.Members[1].Withhold.Store(true)
		target.Endpoints = everywhere[1:]
		require.NoError(t, m.Apply(t.Context(), []manager.Target{target}))
		for i := range 50 {
			value := strconv.Itoa(i)
			alpha.Put(jobKey, value)
			time.Sleep(100 * time.Millisecond)
			require.Equal(t, value, job(view(t, m, "alpha")))
		}
		require.Equal(t, "http://m2", view(t, m, "alpha").Prefixes[jobPrefix].Endpoint)
	})
}
