package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

func left(when float64, after, what string) event {
	return func(r *record.Record) {
		r.Left = append(r.Left, record.Leftover{At: at(when), After: after, What: what})
	}
}

func closed(when float64) event {
	return func(r *record.Record) { r.ManagerClosed = at(when) }
}

// unreachable makes clients unable to reach beta/m1 for a while.
func unreachable(from, to float64) event {
	return func(r *record.Record) {
		fault("beta", "Blackhole", from, to, record.Allowance{})(r)
		r.Faults[len(r.Faults)-1].Scope.Unreachable = []string{"m1"}
	}
}

func TestLeaks(t *testing.T) {
	check(t, Leaks{}, []judgement{
		{name: "nothing left", history: run(), want: record.Passed, evidence: []string{`^nothing left, Close took 100ms of 2\.25s allowed$`}},
		{name: "never closed", history: run(neverClosed), want: record.Passed, evidence: []string{`^nothing left, the manager was never closed$`}},
		{name: "closed just in time", history: run(closed(52.25)), want: record.Passed},
		{
			name:    "closed too late",
			history: run(closed(52.6), hang("beta", 40, never)),
			evidence: []string{
				`^Close, called at 50\.000s, took 2\.6s of 2\.25s allowed; alpha: at 50\.000s alpha/m1 led, .*; beta: at 50\.000s beta/m1 led, no watch was open, HangDisk\(beta/m1\) in force$`,
			},
		},
		{name: "closed just in time while a member takes no bytes", history: run(closed(57.25), unreachable(49, 58)), want: record.Passed},
		{
			name:     "closed too late while a member takes no bytes",
			history:  run(closed(57.3), unreachable(49, 58)),
			evidence: []string{`^Close, called at 50\.000s, took 7\.3s of 7\.25s allowed; `},
		},
		{
			name:     "closed too late after the member was healed",
			history:  run(closed(52.6), unreachable(40, 50)),
			evidence: []string{`^Close, called at 50\.000s, took 2\.6s of 2\.25s allowed; `},
		},
		{
			name:     "closed too late before the member was cut off",
			history:  run(closed(52.6), unreachable(50.1, 58)),
			evidence: []string{`^Close, called at 50\.000s, took 2\.6s of 2\.25s allowed; `},
		},
		{
			name:     "never returned",
			history:  run(closed(never)),
			evidence: []string{`^Close, called at 50\.000s, never returned, 2\.25s allowed; alpha: `},
		},
		{
			name:    "everything left is listed, in one order",
			history: run(left(51, "Close", "lease 7b in beta"), left(20, "Apply removed alpha", "watch 3 on alpha/m1"), left(51, "Close", "goroutine: 2 × run")),
			evidence: []string{
				`^lease 7b in beta still there at 51\.000s, after Close; watch 3 on alpha/m1 still there at 20\.000s, after Apply removed alpha; goroutine: 2 × run still there at 51\.000s, after Close$`,
			},
		},
	})
}
