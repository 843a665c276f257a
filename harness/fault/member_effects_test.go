package fault_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// memberEffects are those of faults that are done to whole members.
func memberEffects() []effect {
	return []effect{
		{"a killed leader is replaced and comes back", func(b *bench) {
			m := b.alpha.Leader()
			kill := b.hurt(fault.Kill(m), fmt.Sprintf("Kill(%s)", m))
			require.False(b.t, m.Status().Up)
			b.await(func() bool { return b.alpha.Leader() != m }, "no other leader")
			kill.Heal()
			require.True(b.t, m.Status().Up)
			b.agree()
		}},
		{"a restart makes another process of the same member", func(b *bench) {
			m := b.alpha.Leader()
			id := m.Status().ID
			before, err := m.Direct()
			require.NoError(b.t, err)
			b.hurt(fault.Restart(m), fmt.Sprintf("Restart(%s)", m))
			require.True(b.t, m.Status().Up)
			require.Equal(b.t, id, m.Status().ID)
			after, err := m.Direct()
			require.NoError(b.t, err)
			require.NotSame(b.t, before.Client, after.Client)
			b.agree()
		}},
		{"the leader moves where it is told", func(b *bench) {
			to := b.alpha.Followers()[1]
			b.hurt(fault.MoveLeader(to), fmt.Sprintf("MoveLeader(%s)", to))
			b.agree()
			require.Equal(b.t, to, b.alpha.Leader())
		}},
		{"a member that lost its disk comes back under its name with another id and all data", func(b *bench) {
			m := b.alpha.Leader()
			before, id, endpoint := b.client(m), m.Status().ID, m.Endpoint()
			_, err := b.put(before)
			require.NoError(b.t, err)
			b.hurt(fault.WipeAndRejoin(m), fmt.Sprintf("WipeAndRejoin(%s)", m))
			require.True(b.t, m.Status().Up)
			require.NotEqual(b.t, id, m.Status().ID)
			require.Equal(b.t, endpoint, m.Endpoint())
			require.Contains(b.t, b.alpha.Members(), m)
			b.agree()
			b.await(func() bool { // its clients find it where it was
				ctx, cancel := context.WithTimeout(context.Background(), b.limit())
				defer cancel()
				r, err := before.Get(ctx, "/test")
				return err == nil && len(r.Kvs) == 1 && string(r.Kvs[0].Value) == "v"
			}, "it does not have the data")
			// The links still tell its traffic from that of others.
			leader := b.alpha.Leader()
			require.NotEqual(b.t, m, leader)
			watch := b.observed(m)
			cut := b.Inject(fault.PartitionOneWay(referrers(others(b, m)...), referrers(m)))
			_, err = b.put(b.client(leader))
			require.NoError(b.t, err)
			watch.nothing("its peers reach it")
			cut.Heal()
			watch.event()
			b.replacedUntilHealed(leader, fault.Isolate(leader), fmt.Sprintf("Isolate(%s)", leader))
		}},
		{"a member that was wiped while it was killed is not started twice", func(b *bench) {
			m := b.alpha.Followers()[0]
			kill := b.Inject(fault.Kill(m))
			b.Inject(fault.WipeAndRejoin(m))
			require.True(b.t, m.Status().Up)
			kill.Heal()
			require.True(b.t, m.Status().Up)
			b.agree()
		}},
		{"a member list names an address at which nobody listens, until the heal", func(b *bench) {
			m := b.alpha.Followers()[0]
			c := b.client(m)
			published := func() (urls []string) {
				list, err := c.MemberList(context.Background())
				require.NoError(b.t, err)
				for _, o := range list.Members {
					if o.Name == m.Name() {
						urls = o.ClientURLs
					}
				}
				return urls
			}
			require.Equal(b.t, []string{m.Endpoint()}, published())
			wrong := b.hurt(fault.MisadvertiseMember(m), fmt.Sprintf("MisadvertiseMember(%s)", m))
			b.await(func() bool { return !slices.Equal([]string{m.Endpoint()}, published()) }, "it publishes its address")
			lost := b.clientOf(published())
			_, err := b.put(lost)
			require.Error(b.t, err)
			b.works(b.client(m))
			wrong.Heal()
			b.await(func() bool { return slices.Equal([]string{m.Endpoint()}, published()) }, "it does not publish its address again")
		}},
		{"members come and go", func(b *bench) {
			b.hurt(fault.AddMember(b.alpha), "AddMember(alpha)")
			require.Len(b.t, b.alpha.Members(), 4)
			require.Equal(b.t, "alpha/m4", b.alpha.Members()[3].String())
			gone := b.alpha.Leader()
			b.hurt(fault.RemoveMember(gone), fmt.Sprintf("RemoveMember(%s)", gone))
			require.NotContains(b.t, b.alpha.Members(), gone)
			b.agree()
		}},
	}
}

// others are all members but one.
func others(b *bench, but *harness.Member) []*harness.Member {
	return slices.DeleteFunc(b.alpha.Members(), func(m *harness.Member) bool { return m == but })
}
