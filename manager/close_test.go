package manager_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// Close returns in time and leaves nothing behind, also if no member answers, or if no member even reads.
func TestCloseIsBoundedWhileEveryMemberHangs(t *testing.T) {
	for name, hurt := range map[string]func(*etcdtest.FakeMember){
		"nothing is answered": func(m *etcdtest.FakeMember) { m.Hang.Store(true) },
		"nothing is read":     (*etcdtest.FakeMember).Freeze,
		"refused":             func(m *etcdtest.FakeMember) { m.Refuse.Store(true) },
	} {
		for _, hedged := range []bool{false, true} {
			for _, late := range []time.Duration{0, time.Minute} {
				t.Run(name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						alpha := etcdtest.StartFake(t, 3)
						hurtAll := func() {
							for _, member := range alpha.Members {
								hurt(member)
							}
						}
						cfg := watching(guard.Options{Hedged: hedged})
						cfg.Registration = instance("one")
						if late == 0 {
							hurtAll()
						}
						m := startManager(t, cfg, toFake(alpha, "alpha"))
						time.Sleep(late)
						hurtAll()
						time.Sleep(time.Second)
						begun := time.Now()
						require.NoError(t, m.Close())
						require.LessOrEqual(t, time.Since(begun), cfg.CloseBound())
						require.LessOrEqual(t, time.Since(begun), 5*time.Second+guard.CloseGrace)
						synctest.Wait()
						require.Empty(t, etcdtest.Goroutines())
						for _, member := range alpha.Members {
							require.Zero(t, member.Open.Load())
						}
					})
				})
			}
		}
	}
}

func TestHungClustersAreClosedSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fakes []*etcdtest.Fake
		var targets []manager.Target
		for i := range 5 {
			fakes = append(fakes, etcdtest.StartFake(t, 1))
			targets = append(targets, toFake(fakes[i], fmt.Sprint(i)))
		}
		cfg := watching(guard.Options{})
		m := startManager(t, cfg, targets...)
		time.Sleep(time.Second)
		for _, c := range fakes {
			c.Members[0].Freeze()
		}
		time.Sleep(time.Second)
		begun := time.Now()
		require.NoError(t, m.Close())
		require.LessOrEqual(t, time.Since(begun), cfg.CloseBound())
	})
}

// A member that has only just become silent has no failures yet, so it is asked first. Here CloseTimeout equals the timeout of
// one request, so waiting for that member would use it up.
func TestTheLeaseIsRevokedWhichMemberEverIsSilent(t *testing.T) {
	for name, hurt := range map[string]func(*etcdtest.FakeMember){
		"nothing is answered": func(m *etcdtest.FakeMember) { m.Hang.Store(true) },
		"nothing is read":     (*etcdtest.FakeMember).Freeze,
	} {
		for silent := 1; silent <= 2; silent++ {
			for first := range 3 {
				for what, end := range map[string]func(m *manager.Manager) error{
					"removed": func(m *manager.Manager) error { return m.Apply(context.Background(), nil) },
					"closed":  (*manager.Manager).Close,
				} {
					t.Run(fmt.Sprintf("%s/%s/%d from m%d on", what, name, silent, first), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							alpha := etcdtest.StartFake(t, 3)
							cfg := watching(guard.Options{})
							cfg.Registration = instance("one")
							cfg.RegisterTimeout, cfg.CloseTimeout = 2*time.Second, 2*time.Second
							m := startManager(t, cfg, toFake(alpha, "alpha"))
							time.Sleep(time.Minute)
							require.Equal(t, 1, alpha.Leases())
							for i := range silent {
								hurt(alpha.Members[(first+i)%3])
							}
							begun := time.Now()
							require.NoError(t, end(m))
							require.Zero(t, alpha.Leases(), "the lease is left behind")
							require.LessOrEqual(t, time.Since(begun), cfg.CloseBound())
							_, standing := alpha.Key(ownPrefix + "one/info")
							require.False(t, standing)
						})
					})
				}
			}
		}
	}
}

// A member that refuses for a moment is asked again.
func TestTheLeaseIsRevokedOnceAMemberIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		cfg := watching(guard.Options{})
		cfg.Registration = instance("one")
		m := startManager(t, cfg, toFake(alpha, "alpha"))
		time.Sleep(time.Second)
		alpha.Members[0].Hang.Store(true)
		time.AfterFunc(2500*time.Millisecond, func() { alpha.Members[0].Hang.Store(false) })
		require.NoError(t, m.Close())
		require.Zero(t, alpha.Leases())
	})
}
