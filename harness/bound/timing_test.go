package bound

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheTimingsOfTheEnginesWork(t *testing.T) {
	for name, timing := range timings() {
		require.NoError(t, timing.Check(), name)
	}
	require.Zero(t, Production().Slack, "virtual time has no slack to give")
}

func TestCheckSaysWhatCannotWork(t *testing.T) {
	for want, change := range map[string]func(*Timing){
		"timing: election timeout 400ms is under five heartbeats of 100ms, which etcd refuses":             func(t *Timing) { t.Election = 400 * time.Millisecond },
		"timing: progress every 10s cannot keep an idle timeout of 10s from firing":                        func(t *Timing) { t.ProgressInterval = t.IdleTimeout },
		"timing: a refresh every 45s cannot keep a lease of 45s":                                           func(t *Timing) { t.Refresh = t.LeaseTTL },
		"timing: probe timeout is 0s, want more than zero":                                                 func(t *Timing) { t.ProbeTimeout = 0 },
		"timing: refresh interval is -1ns, want no less than zero":                                         func(t *Timing) { t.Refresh = -1 },
		"timing: probe grace is -1ns, want no less than zero":                                              func(t *Timing) { t.ProbeGrace = -1 },
		"timing: backoff cap is 0s, want more than zero\ntiming: load interval is 0s, want more than zero": func(t *Timing) { t.BackoffCap, t.Load = 0, 0 },
	} {
		timing := Production()
		change(&timing)
		require.EqualError(t, timing.Check(), want)
	}
}

func TestCheckRefusesANegativeInterval(t *testing.T) {
	timing := Production()
	for name, d := range intervals(&timing) {
		if name == "Unaided" {
			continue // derived, see With
		}
		before := *d
		*d = -1
		require.ErrorContains(t, timing.Check(), "is -1ns, want no less than zero", name)
		*d = before
	}
}

func TestCheckWantsWhatEveryWorldNeedsAndOfAManagerOnlyWhatItHas(t *testing.T) {
	needed := map[string]bool{
		"Heartbeat": true, "Election": true, "Load": true, "Observe": true, "RequestTimeout": true, "BackoffCap": true,
		"ProbeTimeout": true, "Refresh": true, // needed with a probe and with a lease
	}
	timing := Production()
	for name, d := range intervals(&timing) {
		before := *d
		*d = 0
		if err := timing.Check(); needed[name] {
			require.ErrorContains(t, err, "is 0s, want more than zero", name)
		} else {
			require.NoError(t, err, name)
		}
		*d = before
	}
	timing.ProbeInterval, timing.ProbeTimeout, timing.LeaseTTL, timing.Refresh = 0, 0, 0, 0
	require.NoError(t, timing.Check(), "no probe, no lease")
}

func TestWithTakesTheManagersFiguresAndTheEnginesWhereEveryManagerHasSome(t *testing.T) {
	own := Manager{ProbeInterval: time.Minute, IdleTimeout: time.Hour}
	got := Production().With(own)
	require.Equal(t, time.Minute, got.ProbeInterval)
	require.Equal(t, time.Hour, got.IdleTimeout)
	require.Zero(t, got.ProbeGrace, "it has none")
	require.Zero(t, got.LeaseTTL, "it has none")
	require.Equal(t, Production().RequestTimeout, got.RequestTimeout)
	require.Equal(t, Production().BackoffCap, got.BackoffCap)
	require.Equal(t, Production().Load, got.Load)
	require.Equal(t, Bounds{Production()}.ProbeNotice(), got.Unaided, "what the engine's own probe takes")
	own.RequestTimeout, own.BackoffCap = 7*time.Second, 8*time.Second
	got = Production().With(own)
	require.Equal(t, 7*time.Second, got.RequestTimeout)
	require.Equal(t, 8*time.Second, got.BackoffCap)
}
