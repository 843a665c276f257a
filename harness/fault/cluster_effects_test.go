package fault_test

import (
	"context"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// clusterEffects are those of faults that are done to a cluster as a whole.
func clusterEffects() []effect {
	return []effect{
		{"compacted revisions can be neither read nor watched", func(b *bench) {
			c := b.client(b.alpha.Leader())
			_, err := b.put(c)
			require.NoError(b.t, err)
			before, err := c.Get(context.Background(), "/test")
			require.NoError(b.t, err)
			_, err = b.put(c)
			require.NoError(b.t, err)
			old := clientv3.WithRev(before.Header.Revision)
			_, err = c.Get(context.Background(), "/test", old)
			require.NoError(b.t, err)
			b.hurt(fault.Compact(b.alpha), "Compact(alpha)")
			_, err = c.Get(context.Background(), "/test", old)
			require.ErrorIs(b.t, err, rpctypes.ErrCompacted)
			ctx, cancel := context.WithTimeout(context.Background(), b.limit())
			defer cancel()
			refused := <-c.Watch(ctx, "/test", old)
			require.ErrorIs(b.t, refused.Err(), rpctypes.ErrCompacted)
		}},
		{"a defragmentation holds entries back and shrinks the database", func(b *bench) {
			m := b.alpha.Followers()[0]
			c := b.client(b.alpha.Leader())
			before := b.fill(c, m)
			watch := b.observed(m)
			takes := 2 * b.Timing().Election
			written := make(chan error, 1)
			seen := make(chan time.Time, 1)
			began := time.Now()
			go func() {
				<-time.After(takes / 4)
				_, err := b.put(c)
				written <- err
			}()
			go func() {
				<-watch.channel
				seen <- time.Now()
			}()
			b.hurt(fault.Defragment(m, takes), fmt.Sprintf("Defragment(%s, %v)", m, takes))
			require.GreaterOrEqual(b.t, time.Since(began), takes)
			require.NoError(b.t, <-written)
			require.GreaterOrEqual(b.t, (<-seen).Sub(began), takes, "the member applied the write meanwhile")
			after, _ := b.size(m)
			require.Less(b.t, after, before/2)
		}},
		{"an alarm refuses writes until it is disarmed, and nothing else", func(b *bench) {
			m := b.alpha.Leader()
			watch := b.observed(m)
			granted := b.lease(watch.client)
			alarm := b.hurt(fault.Alarm(b.alpha), "Alarm(alpha)")
			_, err := b.put(watch.client)
			require.ErrorIs(b.t, err, rpctypes.ErrNoSpace)
			_, err = watch.client.Grant(context.Background(), granted.TTL)
			require.ErrorIs(b.t, err, rpctypes.ErrNoSpace)
			require.Empty(b.t, b.value(watch.client))
			require.NoError(b.t, b.keepAlive(watch.client, granted.ID))
			watch.progress()
			_, err = b.Begin(fault.Alarm(b.alpha))
			require.EqualError(b.t, err, "cluster alpha has its alarm on already")
			alarm.Heal()
			_, err = b.put(watch.client)
			require.NoError(b.t, err)
			watch.event()
		}},
		{"an alarm that is healed without a quorum is disarmed with the quorum", func(b *bench) {
			alarm := b.Inject(fault.Alarm(b.alpha))
			quorum := b.Inject(fault.LoseQuorum(b.alpha))
			alarm.Heal()
			quorum.Heal()
			b.works(b.client(b.alpha.Leader()))
		}},
		{"a lost quorum refuses everything that needs one, and comes back", func(b *bench) {
			leader, followers := b.alpha.Leader(), b.alpha.Followers()
			c := b.client(leader)
			lose := b.hurt(fault.LoseQuorum(b.alpha), "LoseQuorum(alpha)")
			require.True(b.t, leader.Status().Up, "followers are killed first")
			for _, m := range followers {
				require.False(b.t, m.Status().Up)
			}
			_, err := b.put(c)
			require.Error(b.t, err)
			b.await(func() bool { return !leader.Status().Leads() }, "it leads nobody and has not noticed")
			lose.Heal()
			b.agree()
			b.works(c)
		}},
		{"a rolling restart makes another process of every member, one after another", func(b *bench) {
			before := map[*harness.Member]*clientv3.Client{}
			for _, m := range b.alpha.Members() {
				d, err := m.Direct()
				require.NoError(b.t, err)
				before[m] = d.Client
			}
			b.hurt(fault.RollingRestart(b.alpha), "RollingRestart(alpha)")
			for _, m := range b.alpha.Members() {
				d, err := m.Direct()
				require.NoError(b.t, err)
				require.NotSame(b.t, before[m], d.Client)
			}
			b.agree()
			b.works(b.client(b.alpha.Leader()))
		}},
		{"a restored cluster has the keys, the revision and the leases of its backup", func(b *bench) {
			ctx := context.Background()
			before := b.client(b.alpha.Leader())
			_, err := before.Put(ctx, "/test", "saved")
			require.NoError(b.t, err)
			saved := b.lease(before)
			_, err = b.Begin(fault.Restore(b.alpha))
			require.EqualError(b.t, err, "cluster alpha has no backup")
			b.hurt(fault.Backup(b.alpha), "Backup(alpha)")
			undone := b.lease(before)
			_, err = before.Put(ctx, "/more", "undone")
			require.NoError(b.t, err)
			last, err := before.Put(ctx, "/test", "undone")
			require.NoError(b.t, err)

			down := b.alpha.Followers()[0]
			kill := b.Inject(fault.Kill(down))
			b.hurt(fault.Restore(b.alpha), "Restore(alpha)")
			require.True(b.t, down.Status().Up, "a member that was down is started too")
			kill.Heal()
			for _, m := range b.alpha.Members() {
				c := b.client(m)
				got, err := c.Get(ctx, "/test")
				require.NoError(b.t, err)
				require.Less(b.t, got.Header.Revision, last.Header.Revision)
				require.Equal(b.t, "saved", string(got.Kvs[0].Value))
				got, err = c.Get(ctx, "/more")
				require.NoError(b.t, err)
				require.Empty(b.t, got.Kvs)
			}
			c := b.client(b.alpha.Leader())
			require.NoError(b.t, b.keepAlive(c, saved.ID))
			require.ErrorIs(b.t, b.keepAlive(c, undone.ID), rpctypes.ErrLeaseNotFound)
			b.works(c)
		}},
		{"the members of a restored cluster have the ids of founding members", func(b *bench) {
			m := b.alpha.Followers()[0]
			founding := m.Status().ID
			b.Inject(fault.WipeAndRejoin(m))
			require.NotEqual(b.t, founding, m.Status().ID)
			b.Inject(fault.Backup(b.alpha))
			b.Inject(fault.Restore(b.alpha))
			require.Equal(b.t, founding, m.Status().ID)
			b.agree()
			b.works(b.client(m))
			cut := b.Inject(fault.Isolate(m))
			b.await(func() bool { _, err := b.put(b.client(m)); return err != nil }, "its links are not those of the member")
			cut.Heal()
			b.works(b.client(m))
		}},
	}
}

// fill writes and deletes so much that most of a member's database is free, and returns its size.
func (b *bench) fill(c *clientv3.Client, m *harness.Member) (size int64) {
	b.t.Helper()
	value := string(make([]byte, 1<<17))
	for range 16 {
		_, err := c.Put(context.Background(), "/fill", value)
		require.NoError(b.t, err)
	}
	b.Inject(fault.Compact(b.alpha))
	b.await(func() bool { // etcd compacts in the background, and commits from time to time
		var used int64
		size, used = b.size(m)
		return size > 1<<20 && used < size/2
	}, "the database is not full of holes")
	return size
}

// size is the size of a member's database, and how much of it is in use.
func (b *bench) size(m *harness.Member) (size, used int64) {
	b.t.Helper()
	d, err := m.Direct()
	require.NoError(b.t, err)
	s, err := d.Client.Status(context.Background(), m.Endpoint())
	require.NoError(b.t, err)
	return s.DbSize, s.DbSizeInUse
}
