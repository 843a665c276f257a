package bound

import (
	"reflect"
	"testing"
	"time"
)

// named are the bounds that have no argument, or a fixed one.
func named(b Bounds) map[string]time.Duration {
	return map[string]time.Duration{
		"calm": b.Calm(), "election": b.Election(), "attach": b.Attach(), "probe notice": b.ProbeNotice(),
		"hung leader": b.HungLeader(), "isolated leader": b.IsolatedLeader(), "lost leader": b.LostLeader(),
		"silent member": b.SilentMember(), "withheld events": b.WithheldEvents(), "slow": b.Slow(time.Second),
		"failover": b.Failover(), "idle late": b.IdleLate(), "start": b.Start(3), "registered": b.Registered(), "close": b.Close(),
	}
}

func timings() map[string]Timing {
	return map[string]Timing{"production": Production(), "compressed": Compressed()}
}

func TestBoundsGrowWithEveryInterval(t *testing.T) {
	for name, timing := range timings() {
		before := named(Bounds{timing})
		fields := reflect.TypeFor[Timing]()
		for i := range fields.NumField() {
			slower := timing
			field := reflect.ValueOf(&slower).Elem().Field(i)
			field.SetInt(field.Int() + int64(time.Second))
			for bound, now := range named(Bounds{slower}) {
				if now < before[bound] {
					t.Errorf("%s: the %s bound falls from %v to %v when %s grows", name, bound, before[bound], now, fields.Field(i).Name)
				}
			}
		}
	}
}

func TestBoundsFollowWhatTheyAreMadeOf(t *testing.T) {
	type change = func(*Timing)
	slower := map[string]change{
		"heartbeat":       func(t *Timing) { t.Heartbeat += time.Second },
		"election":        func(t *Timing) { t.Election += time.Second },
		"probe interval":  func(t *Timing) { t.ProbeInterval += time.Second },
		"probe timeout":   func(t *Timing) { t.ProbeTimeout += time.Second },
		"probe grace":     func(t *Timing) { t.ProbeGrace += time.Second },
		"request timeout": func(t *Timing) { t.RequestTimeout += time.Second },
		"backoff cap":     func(t *Timing) { t.BackoffCap += time.Second },
		"refresh":         func(t *Timing) { t.Refresh += time.Second },
		"load":            func(t *Timing) { t.Load += time.Second },
		"observe":         func(t *Timing) { t.Observe += time.Second },
		"slack":           func(t *Timing) { t.Slack += time.Second },
	}
	before := named(Bounds{Production()})
	for bound, parts := range map[string][]string{
		"calm":            {"heartbeat", "observe", "slack"},
		"election":        {"election", "heartbeat", "slack"},
		"attach":          {"request timeout", "backoff cap", "slack"},
		"probe notice":    {"probe interval", "probe timeout", "probe grace", "slack"},
		"hung leader":     {"election", "heartbeat", "load", "probe interval", "probe timeout", "probe grace", "request timeout", "backoff cap", "observe", "slack"},
		"lost leader":     {"election", "heartbeat", "load", "request timeout", "backoff cap", "observe", "slack"},
		"silent member":   {"load", "probe interval", "request timeout", "backoff cap", "observe", "slack"},
		"withheld events": {"load", "probe interval", "probe timeout", "probe grace", "request timeout", "backoff cap", "observe", "slack"},
		"failover":        {"election", "load", "probe interval", "request timeout", "backoff cap", "slack"},
		"idle late":       {"heartbeat", "observe", "slack"},
		"start":           {"request timeout", "backoff cap", "observe", "slack"},
		"registered":      {"refresh", "request timeout", "backoff cap", "slack"},
		"close":           {"request timeout", "probe timeout", "slack"},
	} {
		for _, part := range parts {
			timing := Production()
			slower[part](&timing)
			if now := named(Bounds{timing})[bound]; now <= before[bound] {
				t.Errorf("the %s bound stays %v when the %s grows by 1s", bound, now, part)
			}
		}
	}
}

func TestBoundsAreOrdered(t *testing.T) {
	for name, timing := range timings() {
		b := Bounds{timing}
		for bound, value := range named(b) {
			if value <= 0 {
				t.Errorf("%s: the %s bound is %v, want more than zero", name, bound, value)
			}
		}
		for _, pair := range []struct {
			less, more   string
			small, large time.Duration
		}{
			{"calm", "lost leader", b.Calm(), b.LostLeader()},
			{"election", "lost leader", b.Election(), b.LostLeader()},
			{"lost leader", "hung leader", b.LostLeader(), b.HungLeader()},
			{"withheld events", "hung leader", b.WithheldEvents(), b.HungLeader()},
			{"calm", "silent member", b.Calm(), b.SilentMember()},
			{"start of one", "start of three", b.Start(1), b.Start(3)},
			{"calm", "slow", b.Calm(), b.Slow(time.Millisecond)},
		} {
			if pair.small >= pair.large {
				t.Errorf("%s: the %s bound of %v should be under the %s bound of %v", name, pair.less, pair.small, pair.more, pair.large)
			}
		}
		if b.SilentMember() > b.WithheldEvents() {
			t.Errorf("%s: a silent member (%v) is noticed at the latest when one that withholds events is (%v)", name, b.SilentMember(), b.WithheldEvents())
		}
		for _, bound := range []string{"hung leader", "isolated leader", "lost leader", "silent member", "withheld events"} {
			if value := named(b)[bound]; value > b.Failover() {
				t.Errorf("%s: the failover bound of %v is under the %s bound of %v", name, b.Failover(), bound, value)
			}
		}
		if b.Slow(0) != b.Calm() {
			t.Errorf("%s: slow by nothing allows %v, calm %v", name, b.Slow(0), b.Calm())
		}
		if b.IdleEarly() < 0 || b.IdleEarly() > b.IdleLate() {
			t.Errorf("%s: idle timeouts may be %v early and %v late", name, b.IdleEarly(), b.IdleLate())
		}
	}
}

// A silent member is noticed by whichever is first.
func TestSilentMemberTakesTheFasterOfProbeAndIdleTimeout(t *testing.T) {
	timing := Production()
	timing.IdleTimeout = time.Second
	if impatient, usual := (Bounds{timing}).SilentMember(), (Bounds{Production()}).SilentMember(); impatient >= usual {
		t.Errorf("with an idle timeout of 1s the silent member bound is %v, no less than %v with one of 10s", impatient, usual)
	}
	timing.IdleTimeout = time.Hour
	if got, want := (Bounds{timing}).SilentMember(), (Bounds{Production()}).SilentMember(); got != want {
		t.Errorf("with an idle timeout of an hour the silent member bound is %v, want the probe's %v", got, want)
	}
}
