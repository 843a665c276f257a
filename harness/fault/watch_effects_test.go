package fault_test

import (
	"context"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// watchEffects are those of faults inside a watch.
func watchEffects() []effect {
	return []effect{
		{"dropped progress leaves events", func(b *bench) { b.withoutProgress(fault.DropProgress, "DropProgress") }},
		{"dropped progress requests leave events", func(b *bench) { b.withoutProgress(fault.DropProgressRequests, "DropProgressRequests") }},
		{"withheld events are overtaken by progress and arrive in order", func(b *bench) {
			m := b.alpha.Leader()
			watch := b.observed(m)
			withhold := b.hurt(fault.WithholdEvents(m), fmt.Sprintf("WithholdEvents(%s)", m))
			for range 3 {
				_, err := b.put(watch.client)
				require.NoError(b.t, err)
			}
			watch.progress()
			withhold.Heal()
			for range 3 {
				watch.event()
			}
		}},
		{"a watch whose creation is dropped never begins, and open ones go on", func(b *bench) {
			m := b.alpha.Leader()
			open := b.observed(m)
			drop := b.hurt(fault.DropWatchCreate(m), fmt.Sprintf("DropWatchCreate(%s)", m))
			ctx, cancel := context.WithTimeout(context.Background(), b.limit())
			defer cancel()
			// Watch blocks until the member has answered.
			_, created := <-b.client(m).Watch(ctx, "/test", clientv3.WithCreatedNotify())
			require.False(b.t, created)
			require.ErrorIs(b.t, ctx.Err(), context.DeadlineExceeded)
			_, err := b.put(open.client)
			require.NoError(b.t, err)
			open.event()
			drop.Heal()
			b.observed(m)
		}},
		{"a delay of watches delays events", func(b *bench) {
			m := b.alpha.Leader()
			watch := b.observed(m)
			delay := b.Timing().Heartbeat
			b.hurt(fault.DelayWatch(m, delay), fmt.Sprintf("DelayWatch(%s, %v)", m, delay))
			_, err := b.put(watch.client)
			require.NoError(b.t, err)
			began := time.Now()
			watch.event()
			require.Greater(b.t, time.Since(began), delay/2)
		}},
	}
}

// withoutProgress requires that a watch on a member gets events but no progress until the fault is healed.
func (b *bench) withoutProgress(drop func(harness.Referrer) fault.Fault, name string) {
	m := b.alpha.Leader()
	watch := b.observed(m)
	injection := b.hurt(drop(m), fmt.Sprintf("%s(%s)", name, m))
	require.NoError(b.t, watch.client.RequestProgress(watch.ctx))
	watch.nothing("progress was answered")
	_, err := b.put(watch.client)
	require.NoError(b.t, err)
	watch.event()
	injection.Heal()
	watch.progress()
}
