package fault_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/stormwatch/stormwatch/harness/fault"
)

// callEffects are those of faults of single requests: to write, to read, to keep a lease alive.
func callEffects() []effect {
	return []effect{
		{"a write whose answer is dropped took effect", func(b *bench) {
			m := b.alpha.Leader()
			c := b.client(m)
			drop := b.hurt(fault.DropAnswer(m, "Put"), fmt.Sprintf("DropAnswer(%s, Put)", m))
			_, err := b.put(c)
			require.ErrorIs(b.t, err, context.DeadlineExceeded)
			require.Equal(b.t, "v", b.value(c), "another method is answered, and the write took effect")
			drop.Heal()
			_, err = b.put(c)
			require.NoError(b.t, err)
		}},
		{"healing ends the wait for an answer that was dropped", func(b *bench) {
			m := b.alpha.Leader()
			c := b.client(m)
			drop := b.hurt(fault.DropAnswer(m, "Txn"), fmt.Sprintf("DropAnswer(%s, Txn)", m))
			answered := make(chan error, 1)
			go func() {
				_, err := c.Txn(context.Background()).Then(clientv3.OpPut("/test", "v")).Commit()
				answered <- err
			}()
			b.await(func() bool { return b.value(c) == "v" }, "the transaction did not take effect")
			b.Pass(b.limit())
			require.Empty(b.t, answered)
			drop.Heal()
			require.ErrorIs(b.t, <-answered, rpctypes.ErrTimeout)
		}},
		{"a failed request is not carried out", func(b *bench) {
			m := b.alpha.Leader()
			c := b.client(m)
			fail := b.hurt(fault.FailRequest(m, "Put"), fmt.Sprintf("FailRequest(%s, Put)", m))
			_, err := b.put(c)
			require.ErrorIs(b.t, err, rpctypes.ErrTimeout)
			require.Empty(b.t, b.value(c))
			fail.Heal()
			_, err = b.put(c)
			require.NoError(b.t, err)
		}},
		{"a lease whose keepalives are dropped expires, unless another member gets them", func(b *bench) {
			m, other := b.alpha.Leader(), b.alpha.Followers()[0]
			c, healthy := b.client(m), b.client(other)
			alone, kept := b.lease(c), b.lease(c)
			drop := b.hurt(fault.DropKeepAlives(m), fmt.Sprintf("DropKeepAlives(%s)", m))
			ttl := time.Duration(alone.TTL) * time.Second
			for deadline := time.Now().Add(ttl + b.limit()); time.Now().Before(deadline); {
				require.ErrorIs(b.t, b.keepAlive(c, alone.ID), context.DeadlineExceeded)
				require.NoError(b.t, b.keepAlive(healthy, kept.ID))
			}
			b.await(func() bool { return errors.Is(b.keepAlive(healthy, alone.ID), rpctypes.ErrLeaseNotFound) }, "the lease is still there")
			drop.Heal()
			require.NoError(b.t, b.keepAlive(c, kept.ID))
		}},
		{"a lost lease takes its keys along", func(b *bench) {
			c := b.client(b.alpha.Leader())
			granted := b.lease(c)
			_, err := c.Put(context.Background(), "/test", "v", clientv3.WithLease(granted.ID))
			require.NoError(b.t, err)
			b.hurt(fault.LoseLease(b.alpha), "LoseLease(alpha)")
			require.Empty(b.t, b.value(c))
			require.ErrorIs(b.t, b.keepAlive(c, granted.ID), rpctypes.ErrLeaseNotFound)
		}},
	}
}

// value is the value of the key that put writes; empty if there is none.
func (b *bench) value(c *clientv3.Client) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), b.limit())
	defer cancel()
	r, err := c.Get(ctx, "/test")
	require.NoError(b.t, err)
	if len(r.Kvs) == 0 {
		return ""
	}
	return string(r.Kvs[0].Value)
}

// lease grants a lease with the TTL of the timing in force.
func (b *bench) lease(c *clientv3.Client) *clientv3.LeaseGrantResponse {
	b.t.Helper()
	granted, err := c.Grant(context.Background(), int64(b.Timing().LeaseTTL/time.Second))
	require.NoError(b.t, err)
	return granted
}

// keepAlive asks once to keep a lease alive.
func (b *bench) keepAlive(c *clientv3.Client, id clientv3.LeaseID) error {
	ctx, cancel := context.WithTimeout(context.Background(), b.Timing().Election)
	defer cancel()
	_, err := c.KeepAliveOnce(ctx, id)
	if ctx.Err() != nil || status.Code(err) == codes.DeadlineExceeded {
		return context.DeadlineExceeded // the stream may end with the member's error or with ours, and a moment before our own deadline
	}
	return err
}
