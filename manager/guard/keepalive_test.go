package guard_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// etcd closes the connection of a client that pings it without a stream, and gRPC then pings half as often everywhere. The
// fake does the same. The client then dials again, which shows in the number of dials.
func TestAConnectionWithoutStreamsIsNotPinged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		// With one probe an hour, the witness's connection is idle.
		m := start(t, onFake(alpha, guard.Options{ProbeInterval: 10 * time.Minute, SyncInterval: 24 * time.Hour}))
		time.Sleep(time.Hour + time.Second)
		require.NoError(t, m.view().Err)
		for _, member := range alpha.Members {
			require.Equal(t, int64(1), member.Dials.Load(), member.Name)
		}
	})
}

// etcd does not allow pings on a connection without streams. If such a connection is broken, the next request on it times
// out and makes gRPC's keepalive ping, which closes the connection.
func TestAFrozenConnectionWithoutStreamsIsGivenUpWithTheNextRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		m := start(t, onFake(alpha, guard.Options{ProbeInterval: 20 * time.Minute, SyncInterval: 24 * time.Hour}))
		time.Sleep(20*time.Minute + time.Second)
		require.Equal(t, int64(1), alpha.Members[1].Dials.Load(), "the witness")
		alpha.Members[1].Freeze()
		time.Sleep(20*time.Minute - 2*time.Second)
		require.Zero(t, m.probes(guard.ProbeUnanswered))
		// The probe's timeout is 1 s, keepalive's 3 s.
		time.Sleep(2*time.Second + 3*time.Second + 100*time.Millisecond)
		require.Positive(t, m.probes(guard.ProbeUnanswered))
		require.Greater(t, alpha.Members[1].Dials.Load(), int64(1), "it was given up, and gRPC tries again")
		require.Equal(t, int64(1), alpha.Members[0].Dials.Load())
	})
}

// After an hour without any events the watched member freezes. It is noticed as fast as usual.
func TestAMemberThatFreezesAfterAQuietHourIsNoticedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		m := start(t, onFake(alpha, guard.Options{}))
		time.Sleep(time.Hour)
		alpha.Members[0].Freeze()
		alpha.Put(checkpointKey, encode(1))
		time.Sleep(time.Second + 300*time.Millisecond + 10*time.Millisecond)
		require.Equal(t, uint64(1), m.view().Checkpoints["backup"])
	})
}
