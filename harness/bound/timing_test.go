package bound

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestTheTimingsOfTheEnginesWork(t *testing.T) {
	for name, timing := range timings() {
		if err := timing.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if Production().Slack != 0 {
		t.Error("virtual time has no slack to give")
	}
}

func TestCheckSaysWhatCannotWork(t *testing.T) {
	for want, change := range map[string]func(*Timing){
		"timing: election timeout 400ms is under five heartbeats of 100ms, which etcd refuses":             func(t *Timing) { t.Election = 400 * time.Millisecond },
		"timing: progress every 10s cannot keep an idle timeout of 10s from firing":                        func(t *Timing) { t.ProgressInterval = t.IdleTimeout },
		"timing: a refresh every 45s cannot keep a lease of 45s":                                           func(t *Timing) { t.Refresh = t.LeaseTTL },
		"timing: probe grace is 0s, want more than zero":                                                   func(t *Timing) { t.ProbeGrace = 0 },
		"timing: observe interval is -1ns, want more than zero":                                            func(t *Timing) { t.Observe = -1 },
		"timing: backoff cap is 0s, want more than zero\ntiming: load interval is 0s, want more than zero": func(t *Timing) { t.BackoffCap, t.Load = 0, 0 },
	} {
		timing := Production()
		change(&timing)
		if err := timing.Check(); err == nil || err.Error() != want {
			t.Errorf("Check says\n%v\nwant\n%s", err, want)
		}
	}
}

func TestCheckWantsEveryInterval(t *testing.T) {
	fields := reflect.TypeFor[Timing]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		if name == "Slack" {
			continue // none is fine
		}
		timing := Production()
		reflect.ValueOf(&timing).Elem().Field(i).SetInt(0)
		if err := timing.Check(); err == nil || !strings.Contains(err.Error(), "is 0s, want more than zero") {
			t.Errorf("without %s Check says %v", name, err)
		}
	}
}
