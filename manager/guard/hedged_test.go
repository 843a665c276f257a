package guard_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func hedged() guard.Options { return guard.Options{Hedged: true} }

func TestHedgedStreamsSitOnTwoMembersAndStayThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		m := start(t, onFake(alpha, hedged()))
		time.Sleep(time.Hour)
		require.Equal(t, []int64{2, 2, 0}, alpha.Creates())
		require.NoError(t, m.view().Err)
	})
}

func TestHedgedAMemberThatGoesSilentOrStaleDelaysNothing(t *testing.T) {
	for name, hurt := range map[string]func(*etcdtest.FakeMember){
		"withholds": func(m *etcdtest.FakeMember) { m.Withhold.Store(true) },
		"freezes":   (*etcdtest.FakeMember).Freeze,
	} {
		for i := range 2 {
			t.Run(fmt.Sprint(name, i), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					alpha := etcdtest.StartFake(t, 3)
					m := start(t, onFake(alpha, hedged()))
					time.Sleep(10 * time.Second)
					hurt(alpha.Members[i])
					for value := range uint64(100) {
						alpha.Put(checkpointKey, encode(value+1))
						synctest.Wait()
						require.Equal(t, value+1, m.view().Checkpoints["backup"], "at once")
						require.True(t, m.view().Healthy)
						time.Sleep(100 * time.Millisecond)
					}
					require.Positive(t, alpha.Members[2].Creates.Load(), "the third takes its place")
				})
			})
		}
	}
}

func TestHedgedWithOneMemberIsOneStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		m := start(t, onFake(alpha, hedged()))
		time.Sleep(time.Hour)
		alpha.Put(checkpointKey, encode(1))
		synctest.Wait()
		require.Equal(t, uint64(1), m.view().Checkpoints["backup"])
		require.Equal(t, []int64{2}, alpha.Creates())
	})
}

func TestHedgedTwoNamesOfAMemberAreOneMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		alpha.Members[1].ID = alpha.Members[0].ID
		m := start(t, onFake(alpha, hedged()))
		time.Sleep(time.Minute)
		require.True(t, m.view().Healthy)
		// Both readers may attach to the member before either knows its id; then one of them leaves it.
		var total int64
		for _, n := range alpha.Creates() {
			total += n
		}
		time.Sleep(time.Hour)
		var later int64
		for _, n := range alpha.Creates() {
			later += n
		}
		require.Equal(t, total, later, "and never comes back")
	})
}

func TestHedgedQuarantineMeetsTheStaleMemberAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		m := start(t, onFake(alpha, hedged()))
		time.Sleep(10 * time.Second)
		alpha.Members[1].Withhold.Store(true)
		alpha.Put(checkpointKey, encode(1))
		time.Sleep(10 * time.Second)
		var stale *guard.StaleError
		require.ErrorAs(t, m.view().Err, &stale)
		require.Equal(t, "http://m1", stale.Endpoint)
		require.Equal(t, []int64{2, 2, 2}, alpha.Creates(), "m0 was not left")
	})
}

func TestProbesAreCappedAndNeitherPrefixesNorHedgingMultiplyThem(t *testing.T) {
	for _, c := range []struct {
		cfg  guard.Options
		want float64
	}{
		{guard.Options{}, 3600},
		{hedged(), 3600},
		{guard.Options{ProbeInterval: 10 * time.Second}, 360},
		{guard.Options{WithoutProbe: true}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			alpha := etcdtest.StartFake(t, 3)
			start(t, onFake(alpha, c.cfg))
			time.Sleep(time.Hour)
			require.LessOrEqual(t, float64(alpha.Probes()), c.want)
			require.GreaterOrEqual(t, float64(alpha.Probes()), 0.99*c.want-2)
		})
	}
}

func TestOnlyOneProbeIsUnderWayHoweverLongItTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		start(t, onFake(alpha, guard.Options{ProbeInterval: time.Second, ProbeTimeout: 10 * time.Second}))
		synctest.Wait()
		alpha.Members[1].Hang.Store(true)
		time.Sleep(61 * time.Second)
		require.LessOrEqual(t, alpha.Members[1].Probes.Load(), int64(6))
	})
}

func TestWithoutTheProbeAMemberThatWithholdsIsNeverLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		cfg := brPreset()
		cfg.WithoutProbe = true
		m := start(t, onFake(alpha, cfg))
		time.Sleep(time.Minute)
		alpha.Members[0].Withhold.Store(true)
		alpha.Put(checkpointKey, encode(1))
		time.Sleep(time.Hour)
		require.Empty(t, m.view().Checkpoints)
	})
}
