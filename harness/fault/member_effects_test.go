package fault_test

import (
	"fmt"

	"github.com/stretchr/testify/require"

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
