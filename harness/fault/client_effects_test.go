package fault_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/fault"
)

// clientEffects are those of faults between a member and its clients.
func clientEffects() []effect {
	return []effect{
		{"a black hole stops clients only", func(b *bench) {
			leader := b.alpha.Leader()
			c := b.client(leader)
			_, err := b.put(c)
			require.NoError(b.t, err)
			hole := b.hurt(fault.Blackhole(leader), fmt.Sprintf("Blackhole(%s)", leader))
			_, err = b.put(c)
			require.ErrorIs(b.t, err, context.DeadlineExceeded)
			_, err = b.put(b.client(leader))
			require.ErrorIs(b.t, err, context.DeadlineExceeded, "a new connection is no better")
			require.Equal(b.t, leader, b.alpha.Leader())
			hole.Heal()
			b.works(c)
		}},
		{"a black hole of one manager stops nobody else", func(b *bench) {
			m := b.alpha.Leader()
			c := b.client(m) // one of the first manager's
			other := b.hurt(fault.BlackholeManager(b.alpha, 2), "BlackholeManager(alpha, 2)")
			_, err := b.put(c)
			require.NoError(b.t, err)
			_, err = b.put(b.client(m))
			require.NoError(b.t, err)
			other.Heal()

			hole := b.hurt(fault.BlackholeManager(b.alpha, 1), "BlackholeManager(alpha, 1)")
			for _, member := range b.alpha.Members() {
				_, err = b.put(b.client(member))
				require.ErrorIs(b.t, err, context.DeadlineExceeded)
			}
			_, err = b.put(c)
			require.ErrorIs(b.t, err, context.DeadlineExceeded)
			direct, err := m.Direct()
			require.NoError(b.t, err)
			_, err = b.put(direct.Client)
			require.NoError(b.t, err, "the cluster itself works")
			hole.Heal()
			b.works(c)
		}},
		{"answers to one manager are late, and its requests are not", func(b *bench) {
			c := b.client(b.alpha.Leader())
			_, err := b.put(c)
			require.NoError(b.t, err)
			delay := b.Timing().Election / 4
			late := b.hurt(fault.DelayManager(b.alpha, 1, delay), fmt.Sprintf("DelayManager(alpha, 1, %v)", delay))
			took, err := b.put(c)
			require.NoError(b.t, err)
			require.GreaterOrEqual(b.t, took, delay)
			late.Heal()
			b.quick(c, delay)
		}},
		{"refusal turns away new connections only", func(b *bench) {
			m := b.alpha.Leader()
			c := b.client(m)
			_, err := b.put(c)
			require.NoError(b.t, err)
			refuse := b.hurt(fault.Refuse(m), fmt.Sprintf("Refuse(%s)", m))
			_, err = b.put(c)
			require.NoError(b.t, err)
			_, err = b.put(b.client(m))
			require.Error(b.t, err)
			refuse.Heal()
			_, err = b.put(b.client(m))
			require.NoError(b.t, err)
		}},
		{"a reset cuts what is open and what comes", func(b *bench) {
			m := b.alpha.Leader()
			b.observed(m)
			require.Contains(b.t, b.alpha.AttachedMembers(), m)
			reset := b.hurt(fault.Reset(m), fmt.Sprintf("Reset(%s)", m))
			b.await(func() bool { return !slices.Contains(b.alpha.AttachedMembers(), m) }, "a watch is still open on the member")
			_, err := b.put(b.client(m))
			require.Error(b.t, err)
			reset.Heal()
			_, err = b.put(b.client(m))
			require.NoError(b.t, err)
		}},
		{"half-open connections carry nothing for good, and new ones work", func(b *bench) {
			m := b.alpha.Leader()
			watch := b.observed(m)
			half := b.hurt(fault.HalfOpen(m), fmt.Sprintf("HalfOpen(%s)", m))
			fresh := b.client(m)
			b.works(fresh)
			watch.nothing("an event came through")
			half.Heal()
			ctx, cancel := context.WithTimeout(context.Background(), b.limit())
			defer cancel()
			_, err := watch.client.Put(ctx, "/stranded", "v")
			require.ErrorIs(b.t, err, context.DeadlineExceeded, "a heal does not help")
			arrived, err := fresh.Get(context.Background(), "/stranded")
			require.NoError(b.t, err)
			require.Empty(b.t, arrived.Kvs)
			_, err = b.put(fresh)
			require.NoError(b.t, err)
			watch.nothing("an event came through")
			require.True(b.t, m.Stranded())
			b.Manage() // so that only the test has connections
			require.NoError(b.t, watch.client.Close())
			b.await(func() bool { return !m.Stranded() }, "half-open connections are left")
			b.works(fresh)
		}},
		{"a delay of clients delays both ways", func(b *bench) {
			m := b.alpha.Leader()
			c := b.client(m)
			_, err := b.put(c)
			require.NoError(b.t, err)
			delay := b.Timing().Heartbeat
			slow := b.hurt(fault.DelayClients(m, delay), fmt.Sprintf("DelayClients(%s, %v)", m, delay))
			took, err := b.put(c)
			require.NoError(b.t, err)
			require.GreaterOrEqual(b.t, took, 2*delay)
			slow.Heal()
			b.quick(c, 2*delay)
		}},
		{"a slow link delays clients by a time that varies", func(b *bench) {
			m := b.alpha.Leader()
			c := b.client(m)
			_, err := b.read(c)
			require.NoError(b.t, err)
			delay, jitter := b.Timing().Heartbeat/2, b.Timing().Heartbeat
			slow := b.hurt(fault.SlowLink(m, delay, jitter), fmt.Sprintf("SlowLink(%s, %v, %v)", m, delay, jitter))
			shortest, longest := time.Hour, time.Duration(0)
			for range 20 {
				took, err := b.read(c)
				require.NoError(b.t, err)
				shortest, longest = min(shortest, took), max(longest, took)
			}
			require.GreaterOrEqual(b.t, shortest, 2*delay, "there and back")
			require.Greater(b.t, longest, 2*delay+jitter/2)
			require.Less(b.t, longest, 8*(delay+jitter)+b.Timing().Slack, "four pieces there and four back")
			slow.Heal()
			b.quick(c, 2*delay)
		}},
	}
}
