package manager_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
)

func hedged() manager.Config { return manager.Config{Hedged: true} }

// creates counts the watches that each member was asked for.
func (c *fakeCluster) creates() (list []int64) {
	for _, m := range c.members {
		list = append(list, m.creates.Load())
	}
	return list
}

func (c *fakeCluster) probes() (n int64) {
	for _, m := range c.members {
		n += m.probes.Load()
	}
	return n
}

func TestHedgedStreamsSitOnTwoMembersAndStayThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 3)
		m := startManager(t, hedged(), alpha.target())
		time.Sleep(time.Hour)
		require.Equal(t, []int64{2, 2, 0}, alpha.creates())
		require.NoError(t, view(t, m, "alpha").Err)
	})
}

func TestHedgedAMemberThatGoesSilentOrStaleDelaysNothing(t *testing.T) {
	for name, hurt := range map[string]func(*fakeMember){
		"withholds": func(m *fakeMember) { m.withhold.Store(true) },
		"freezes":   (*fakeMember).freeze,
	} {
		for i := range 2 {
			t.Run(fmt.Sprint(name, i), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					alpha := startFake(t, 3)
					m := startManager(t, hedged(), alpha.target())
					time.Sleep(10 * time.Second)
					hurt(alpha.members[i])
					for value := range uint64(100) {
						alpha.put(checkpointKey, encode(value+1))
						synctest.Wait()
						require.Equal(t, value+1, view(t, m, "alpha").Checkpoints["backup"], "at once")
						require.True(t, view(t, m, "alpha").Healthy)
						time.Sleep(100 * time.Millisecond)
					}
					require.Positive(t, alpha.members[2].creates.Load(), "the third takes its place")
				})
			})
		}
	}
}

func TestHedgedWithOneMemberIsOneStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 1)
		m := startManager(t, hedged(), alpha.target())
		time.Sleep(time.Hour)
		alpha.put(checkpointKey, encode(1))
		synctest.Wait()
		require.Equal(t, uint64(1), view(t, m, "alpha").Checkpoints["backup"])
		require.Equal(t, []int64{2}, alpha.creates())
	})
}

func TestHedgedTwoNamesOfAMemberAreOneMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 2)
		alpha.members[1].id = alpha.members[0].id
		m := startManager(t, hedged(), alpha.target())
		time.Sleep(time.Minute)
		require.True(t, view(t, m, "alpha").Healthy)
		// Both lanes may try before either knows whom it asked; then one of them yields.
		var total int64
		for _, n := range alpha.creates() {
			total += n
		}
		time.Sleep(time.Hour)
		var later int64
		for _, n := range alpha.creates() {
			later += n
		}
		require.Equal(t, total, later, "and never comes back")
	})
}

func TestHedgedQuarantineMeetsTheStaleMemberAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 3)
		m := startManager(t, hedged(), alpha.target())
		time.Sleep(10 * time.Second)
		alpha.members[1].withhold.Store(true)
		alpha.put(checkpointKey, encode(1))
		time.Sleep(10 * time.Second)
		var stale *manager.StaleError
		require.ErrorAs(t, view(t, m, "alpha").Err, &stale)
		require.Equal(t, "http://m1", stale.Endpoint)
		require.Equal(t, []int64{2, 2, 2}, alpha.creates(), "m0 was not left")
	})
}

func TestProbesAreCappedAndHedgingDoesNotDoubleThem(t *testing.T) {
	for _, c := range []struct {
		cfg  manager.Config
		want float64
	}{
		{manager.Config{}, 2 * 3600},
		{hedged(), 2 * 3600},
		{manager.Config{ProbeInterval: 10 * time.Second}, 2 * 360},
		{manager.Config{WithoutProbe: true}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			alpha := startFake(t, 3)
			startManager(t, c.cfg, alpha.target())
			time.Sleep(time.Hour)
			require.LessOrEqual(t, float64(alpha.probes()), c.want)
			require.GreaterOrEqual(t, float64(alpha.probes()), 0.99*c.want-2)
		})
	}
}

func TestOnlyOneProbeIsUnderWayHoweverLongItTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 2)
		startManager(t, manager.Config{ProbeInterval: time.Second, ProbeTimeout: 10 * time.Second}, alpha.target())
		synctest.Wait()
		alpha.members[1].hang.Store(true)
		time.Sleep(61 * time.Second)
		require.LessOrEqual(t, alpha.members[1].probes.Load(), int64(2*6))
	})
}

func TestWithoutTheProbeAMemberThatWithholdsIsNeverLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 3)
		cfg := manager.PresetBR()
		cfg.WithoutProbe = true
		m := startManager(t, cfg, alpha.target())
		time.Sleep(time.Minute)
		alpha.members[0].withhold.Store(true)
		alpha.put(checkpointKey, encode(1))
		time.Sleep(time.Hour)
		require.Empty(t, view(t, m, "alpha").Checkpoints)
	})
}
