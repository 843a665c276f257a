package bound

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// named are the bounds that have no argument, or a fixed one.
func named(b Bounds) map[string]time.Duration {
	return map[string]time.Duration{
		"calm": b.Calm(), "election": b.Election(), "attach": b.Attach(),
		"probe notice": b.ProbeNotice(), "idle notice": b.IdleNotice(), "poll notice": b.PollNotice(),
		"stale notice": b.StaleNotice(), "silent notice": b.SilentNotice(),
		"hung leader": b.HungLeader(), "isolated leader": b.IsolatedLeader(), "lost leader": b.LostLeader(), "lost member": b.LostMember(),
		"silent member": b.SilentMember(), "silent leader": b.SilentLeader(), "stale member": b.StaleMember(), "slow": b.Slow(time.Second),
		"slow disk": b.SlowDisk(time.Second), "slow write": b.SlowWrite(time.Second), "short write": b.SlowWrite(time.Millisecond),
		"read round": b.ReadRound(time.Second), "read hold": b.ReadHold(time.Second),
		"failover": b.Failover(), "idle late": b.IdleLate(), "start": b.Start(3), "discovered": b.Discovered(), "registered": b.Registered(), "close": b.Close(), "look": b.Look(),
	}
}

// timings are the timings of the engines, and one for each kind of manager.
func timings() map[string]Timing {
	return map[string]Timing{
		"production": Production(), "compressed": Compressed(),
		"no probe":      without(func(m *Manager) { m.ProbeInterval, m.ProbeTimeout, m.ProbeGrace = 0, 0, 0 }),
		"idle unset":    without(func(m *Manager) { m.ProgressInterval, m.IdleTimeout = 0, 0 }),
		"neither":       without(neither),
		"polls":         without(polls),
		"polls, probes": without(func(m *Manager) { m.Poll = 2 * time.Second }),
	}
}

// without is production timing for a manager that lacks some intervals of the reference manager.
func without(change func(*Manager)) Timing {
	t := Production()
	m := t.Manager
	change(&m)
	return t.With(m)
}

func neither(m *Manager) {
	m.ProbeInterval, m.ProbeTimeout, m.ProbeGrace, m.ProgressInterval, m.IdleTimeout = 0, 0, 0, 0, 0
}

func polls(m *Manager) {
	neither(m)
	m.Poll = 2 * time.Second
}

// intervals are all intervals of a timing, with those of the manager.
func intervals(t *Timing) map[string]*time.Duration {
	all := map[string]*time.Duration{}
	var add func(v reflect.Value)
	add = func(v reflect.Value) {
		for i := range v.NumField() {
			if d, ok := v.Field(i).Addr().Interface().(*time.Duration); ok {
				all[v.Type().Field(i).Name] = d
				continue
			}
			add(v.Field(i))
		}
	}
	add(reflect.ValueOf(t).Elem())
	return all
}

func TestBoundsGrowWithEveryInterval(t *testing.T) {
	for name, timing := range timings() {
		before := named(Bounds{timing})
		for field, d := range intervals(&timing) {
			// An interval that the manager does not have is not made longer: having a probe makes the manager faster.
			if *d == 0 {
				continue
			}
			*d += time.Second
			for bound, now := range named(Bounds{timing}) {
				require.GreaterOrEqual(t, now, before[bound], "%s: the %s bound falls when %s grows", name, bound, field)
			}
			*d -= time.Second
		}
	}
}

func TestBoundsFollowWhatTheyAreMadeOfAndNothingElse(t *testing.T) {
	attach := []string{"RequestTimeout", "BackoffCap", "Slack"}
	election := []string{"Election", "Heartbeat", "Slack"}
	calm := []string{"Heartbeat", "Poll", "Observe", "Slack"}
	probe := []string{"ProbeInterval", "ProbeTimeout", "ProbeGrace", "Slack"}
	of := func(parts ...[]string) map[string]bool {
		all := map[string]bool{}
		for _, part := range parts {
			for _, name := range part {
				all[name] = true
			}
		}
		return all
	}
	load := []string{"Load"}
	for bound, parts := range map[string]map[string]bool{
		"calm":            of(calm),
		"election":        of(election),
		"attach":          of(attach),
		"probe notice":    of(probe),
		"idle notice":     of([]string{"IdleTimeout", "Slack"}),
		"poll notice":     of([]string{"Poll", "RequestTimeout", "Slack"}),
		"stale notice":    of(probe),
		"silent notice":   of(probe), // the probe is faster
		"hung leader":     of(election, load, probe, attach, calm),
		"isolated leader": of(election, load, probe, attach, calm),
		"lost leader":     of(election, load, attach, calm),
		"lost member":     of(load, attach, calm),
		"silent member":   of(load, probe, attach, calm),
		"silent leader":   of(election, load, probe, attach, calm),
		"stale member":    of(load, probe, attach, calm),
		"slow":            of(),
		"slow disk":       of([]string{"Poll"}), // a manager that polls waits for its read
		"slow write":      of([]string{"Poll"}, election),
		"short write":     of([]string{"Poll", "Slack"}), // with that much slack, reads may hold it up
		"read round":      of(),
		"read hold":       of([]string{"Slack"}),
		"failover":        of(election, load, probe, attach, calm),
		"idle late":       of([]string{"Heartbeat", "Observe", "Slack"}),
		"start":           of(attach, calm),
		"discovered":      of([]string{"Sync", "RequestTimeout", "Slack"}),
		"registered":      of([]string{"Refresh"}, attach, calm),
		"close":           of([]string{"RequestTimeout", "ProbeTimeout", "Slack"}),
		"look":            of([]string{"Heartbeat", "Slack"}),
	} {
		timing := Production()
		before := named(Bounds{timing})[bound]
		for field, d := range intervals(&timing) {
			*d += time.Second
			require.Equal(t, parts[field], named(Bounds{timing})[bound] > before, "the %s bound, when %s grows", bound, field)
			*d -= time.Second
		}
	}
}

func TestBoundsAreOrdered(t *testing.T) {
	for name, timing := range timings() {
		b := Bounds{timing}
		for bound, value := range named(b) {
			if b.Timing.IdleTimeout == 0 && bound == "idle notice" || b.Timing.ProbeInterval == 0 && bound == "probe notice" {
				continue // the manager does not have this interval
			}
			require.Positive(t, value, "%s: the %s bound", name, bound)
		}
		for _, pair := range [][2]string{
			{"calm", "lost member"},
			{"lost member", "lost leader"},
			{"election", "lost leader"},
			{"lost leader", "hung leader"},
			{"lost member", "silent member"},
			{"silent member", "silent leader"},
			{"stale member", "hung leader"},
			{"look", "calm"},
		} {
			require.Less(t, named(b)[pair[0]], named(b)[pair[1]], "%s: the %s bound and the %s bound", name, pair[0], pair[1])
		}
		require.Less(t, b.Start(1), b.Start(3), name)
		for _, bound := range []string{"hung leader", "isolated leader", "lost leader", "lost member", "silent member", "silent leader", "stale member"} {
			require.LessOrEqual(t, named(b)[bound], b.Failover(), "%s: the %s bound and the failover bound", name, bound)
		}
		require.Zero(t, b.Slow(0), name)
		require.Zero(t, b.SlowDisk(0), name)
		require.Zero(t, b.SlowWrite(0), name)
		require.Zero(t, b.IdleEarly(), name)
	}
}

func TestASilentMemberIsNoticedByTheFasterOfProbeAndIdleTimeout(t *testing.T) {
	probe := Bounds{Production()}
	require.Equal(t, probe.ProbeNotice(), probe.SilentNotice())
	timing := Production()
	timing.IdleTimeout = time.Second
	require.Equal(t, Bounds{timing}.IdleNotice(), Bounds{timing}.SilentNotice())
	require.Equal(t, probe.ProbeNotice(), Bounds{timing}.StaleNotice(), "a member that answers is never idle")
	timing.IdleTimeout = time.Hour
	require.Equal(t, probe.ProbeNotice(), Bounds{timing}.SilentNotice())
	timing.IdleTimeout = 0
	require.Equal(t, probe.ProbeNotice(), Bounds{timing}.SilentNotice())
}

func TestAManagerWithoutAProbeIsGivenWhatItHas(t *testing.T) {
	reference := Bounds{Production()}
	idleOnly := Bounds{timings()["no probe"]}
	require.Equal(t, idleOnly.IdleNotice(), idleOnly.SilentNotice())
	require.Equal(t, reference.ProbeNotice(), idleOnly.StaleNotice(), "a member that answers everything is never idle: what the engine's own probe takes")
	poller := Bounds{timings()["polls"]}
	require.Equal(t, poller.PollNotice(), poller.StaleNotice())
	require.Equal(t, poller.PollNotice(), poller.SilentNotice())
	require.Equal(t, 2*time.Second, poller.Calm()-reference.Calm(), "an update waits for the next poll")
	patient := Bounds{without(func(m *Manager) { polls(m); m.IdleTimeout = time.Second })}
	require.Equal(t, patient.IdleNotice(), patient.SilentNotice(), "the faster of the two")
	blind := Bounds{timings()["neither"]}
	require.Equal(t, reference.ProbeNotice(), blind.StaleNotice())
	require.Equal(t, reference.ProbeNotice(), blind.SilentNotice())
}

// etcd asks for a read index every 500 ms. It takes one answer and has room for another.
func TestReadsHoldTheRaftLoopUpFromTheThirdAnswerOn(t *testing.T) {
	const ms = time.Millisecond
	b := Bounds{Production()}
	for round, want := range map[time.Duration]time.Duration{
		0: 0, 500 * ms: 0, 999 * ms: 0, 1000 * ms: time.Second, 1499 * ms: time.Second, 1500 * ms: 2 * time.Second, time.Minute: 2 * time.Second,
	} {
		require.Equal(t, want, b.ReadHold(round), "a round of %v", round)
	}
	require.Equal(t, time.Second, Bounds{Compressed()}.ReadHold(500*ms), "the machine may pause for the slack")
}
