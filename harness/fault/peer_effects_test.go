package fault_test

import (
	"context"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// peerEffects are those of faults between members.
func peerEffects() []effect {
	return []effect{
		{"isolation replaces the leader", func(b *bench) {
			old := b.alpha.Leader()
			b.replacedUntilHealed(old, fault.Isolate(old), fmt.Sprintf("Isolate(%s)", old))
		}},
		{"a partition replaces the leader", func(b *bench) {
			old, others := b.alpha.Leader(), b.alpha.Followers()
			b.replacedUntilHealed(old, fault.Partition(referrers(old), referrers(others...)),
				fmt.Sprintf("Partition([%s], [%s %s])", old, others[0], others[1]))
		}},
		{"a partition in one direction replaces the leader", func(b *bench) {
			old, others := b.alpha.Leader(), b.alpha.Followers()
			b.replacedUntilHealed(old, fault.PartitionOneWay(referrers(old), referrers(others...)),
				fmt.Sprintf("PartitionOneWay([%s], [%s %s])", old, others[0], others[1]))
		}},
		{"faults that overlap heal one by one", func(b *bench) {
			leader, others := b.alpha.Leader(), b.alpha.Followers()
			isolate := b.Inject(fault.Isolate(leader))
			cut := b.Inject(fault.Partition(referrers(leader), referrers(others...)))
			isolate.Heal()
			b.replaced(leader)
			b.Pass(2 * b.Timing().Election)
			require.Zero(b.t, leader.Status().Leader, "the partition was healed with the isolation")
			cut.Heal()
			b.agree()
		}},
		{"a slow link delays commits and keeps the leader", func(b *bench) {
			leader := b.alpha.Leader()
			delay := b.Timing().Heartbeat / 2
			b.hurt(fault.SlowLink(leader, delay, delay/2), fmt.Sprintf("SlowLink(%s, %v, %v)", leader, delay, delay/2)).RequireSteady(b.alpha)
			direct, err := leader.Direct() // so that only the links to peers matter
			require.NoError(b.t, err)
			took, err := b.put(direct.Client)
			require.NoError(b.t, err)
			require.GreaterOrEqual(b.t, took, 2*delay, "to a peer and back")
			require.Equal(b.t, leader, b.alpha.Leader())
		}},
		{"freezing stops peers and clients", func(b *bench) {
			old := b.alpha.Leader()
			c := b.client(old)
			_, err := b.put(c)
			require.NoError(b.t, err)
			freeze := b.hurt(fault.Freeze(old), fmt.Sprintf("Freeze(%s)", old))
			b.replaced(old)
			_, err = b.put(c)
			require.ErrorIs(b.t, err, context.DeadlineExceeded)
			freeze.Heal()
			b.agree()
			b.works(c)
		}},
	}
}

// replacedUntilHealed requires that a fault costs a leader its place, and that the cluster is whole again after the heal.
func (b *bench) replacedUntilHealed(old *harness.Member, f harness.Fault, text string) {
	b.t.Helper()
	cut := b.hurt(f, text)
	b.replaced(old)
	cut.Heal()
	b.agree()
}

func referrers(members ...*harness.Member) []harness.Referrer {
	list := make([]harness.Referrer, len(members))
	for i, m := range members {
		list[i] = m
	}
	return list
}
