package virtual_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/point"
)

// A leader whose disk hung for longer than the leases live, and that comes back believing that it leads, revokes none of them, whenever it comes
// back. While it hangs, it extends no lease (fixed: etcd #15247, #12528).
func TestALeaderThatComesBackRevokesNoLease(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		const ttl = 10
		for round := range 20 {
			old := c.leader()
			rest, own := c.client(without(c.names, old)...), c.client(old)
			var leases []clientv3.LeaseID
			for range 10 {
				lease, err := rest.Grant(l.ctx, ttl)
				require.NoError(t, err)
				leases = append(leases, lease.ID)
			}
			heal := c.throw(old, point.WALSave, point.Hang)
			require.NotEqual(t, old, c.leader(old))
			for range 4 {
				pass(ttl / 3 * time.Second)
				for _, id := range leases {
					_, err := rest.KeepAliveOnce(l.ctx, id)
					require.NoError(t, err)
				}
			}
			require.True(t, c.Status(old).Leads(), "it still believes in itself")
			_, err := briefly(l.ctx, time.Second, func(ctx context.Context) (*clientv3.LeaseKeepAliveResponse, error) {
				return own.KeepAliveOnce(ctx, leases[0])
			})
			require.Error(t, err, "it extends no lease")
			pass(time.Duration(round) * 50 * time.Millisecond) // its leases expire at intervals of half a second
			heal()
			pass(3 * time.Second)
			for _, id := range leases {
				left, err := rest.TimeToLive(l.ctx, id)
				require.NoError(t, err)
				require.Positive(t, left.TTL, "the lease stands")
				_, err = rest.Revoke(l.ctx, id)
				require.NoError(t, err)
			}
		}
	})
}

// Each new leader gives every lease its whole time again. So a lease whose owner is gone never expires if the leader changes more often than the
// lease lives (etcd #9888, #9395). etcd has a feature against that, LeaseCheckpoint, and has it switched off.
func TestALeaseWhoseOwnerIsGoneOutlivesAnyNumberOfLeaderChanges(t *testing.T) {
	inLab(t, func(l *lab) {
		c := l.cluster("alpha", 3)
		const ttl = 60 * time.Second
		lease, err := c.client().Grant(l.ctx, int64(ttl/time.Second))
		require.NoError(t, err)
		began := l.since()
		for range 30 {
			pass(ttl / 2)
			leader := c.leader()
			c.moveLeader(leader, without(c.names, leader)[0])
		}
		require.Greater(t, l.since()-began, 14*ttl)
		left, err := c.client().TimeToLive(l.ctx, lease.ID)
		require.NoError(t, err)
		require.Positive(t, left.TTL, "nobody has extended it for a quarter of an hour")
		pass(ttl + 10*time.Second)
		_, err = c.client().KeepAliveOnce(l.ctx, lease.ID)
		require.ErrorIs(t, err, rpctypes.ErrLeaseNotFound)
	})
}

// briefly calls f with a timeout.
func briefly[T any](ctx context.Context, limit time.Duration, f func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return f(ctx)
}
