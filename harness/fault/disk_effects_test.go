package fault_test

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/fault"
)

// diskEffects are those of faults of a member's disk and of what it does with committed entries.
func diskEffects() []effect {
	return []effect{
		{"a hung disk replaces a leader that goes on believing in itself", func(b *bench) {
			old := b.alpha.Leader()
			hang := b.hurt(fault.HangDisk(old), fmt.Sprintf("HangDisk(%s)", old))
			b.replaced(old)
			require.True(b.t, old.Status().Leads())
			hang.Heal()
			b.agree()
		}},
		{"a slow disk slows writes and keeps the leader", func(b *bench) {
			leader := b.alpha.Leader()
			c := b.client(leader)
			delay := b.Timing().Heartbeat
			slow := b.hurt(fault.SlowDisk(leader, delay), fmt.Sprintf("SlowDisk(%s, %v)", leader, delay))
			b.await(func() bool {
				took, err := b.put(c)
				require.NoError(b.t, err)
				return took >= delay
			}, "writes are not slower")
			slow.Heal()
			b.quick(c, delay)
			require.Equal(b.t, leader, b.alpha.Leader())
		}},
		{"a failed write ends the member, and its data are good", func(b *bench) {
			m := b.alpha.Leader()
			c := b.client(m)
			_, err := b.put(c)
			require.NoError(b.t, err)
			fail := b.hurt(fault.FailDisk(m), fmt.Sprintf("FailDisk(%s)", m))
			require.False(b.t, m.Status().Up)
			b.await(func() bool { return b.alpha.Leader() != m }, "no other leader")
			require.False(b.t, m.Status().Up, "nobody starts it")
			fail.Heal()
			require.True(b.t, m.Status().Up)
			b.agree()
			require.Equal(b.t, "v", b.value(b.client(m)))
			b.works(b.client(m))
		}},
		{"a disk that failed nothing is mended by the heal", func(b *bench) {
			b.quiet()
			m := b.alpha.Followers()[0]
			fail := b.hurt(fault.FailDisk(m), fmt.Sprintf("FailDisk(%s)", m))
			require.True(b.t, m.Status().Up, "it had nothing to write")
			fail.Heal()
			b.works(b.client(m))
			require.True(b.t, m.Status().Up)
		}},
		{"a member that starts while its disk fails dies again, until the heal", func(b *bench) {
			b.quiet()
			m := b.alpha.Followers()[0]
			fail := b.Inject(fault.FailDisk(m))
			kill := b.Inject(fault.Kill(m))
			b.Inject(fault.WipeAndRejoin(m)) // a new disk, and no better
			b.await(m.Died, "it has written its data")
			kill.Heal()
			require.False(b.t, m.Status().Up)
			fail.Heal()
			b.agree()
			b.works(b.client(m))
		}},
		{"a member that was killed meanwhile stays down when its disk is mended", func(b *bench) {
			b.quiet()
			m := b.alpha.Followers()[0]
			fail := b.Inject(fault.FailDisk(m))
			kill := b.Inject(fault.Kill(m))
			fail.Heal()
			require.False(b.t, m.Status().Up)
			kill.Heal()
			require.True(b.t, m.Status().Up)
		}},
		{"a hung apply stops events and not the rest", func(b *bench) {
			leader, follower := b.alpha.Leader(), b.alpha.Followers()[0]
			watch := b.observed(follower)
			hang := b.hurt(fault.HangApply(follower), fmt.Sprintf("HangApply(%s)", follower))
			_, err := b.put(b.client(leader))
			require.NoError(b.t, err)
			watch.nothing("the follower applied it")
			require.Equal(b.t, leader, b.alpha.Leader())
			hang.Heal()
			watch.event()
		}},
		{"a slow apply is not a dead one", func(b *bench) {
			leader, follower := b.alpha.Leader(), b.alpha.Followers()[0]
			watch := b.observed(follower)
			// So slow that the member can still follow: the workload commits several entries a load interval.
			delay := b.Timing().Load / 10
			b.hurt(fault.SlowApply(follower, delay), fmt.Sprintf("SlowApply(%s, %v)", follower, delay)).RequireSteady(b.alpha)
			_, err := b.put(b.client(leader))
			require.NoError(b.t, err)
			watch.event()
		}},
		{"a slow apply delays the answer to a write", func(b *bench) {
			follower := b.alpha.Followers()[0]
			c := b.client(follower)
			delay := b.Timing().Heartbeat
			slow := b.hurt(fault.SlowApply(follower, delay), fmt.Sprintf("SlowApply(%s, %v)", follower, delay))
			b.await(func() bool {
				took, _ := b.put(c) // a member answers a write once it has applied it
				return took >= delay/2
			}, "entries are applied as before")
			slow.Heal()
			b.quick(c, delay/2)
		}},
	}
}
