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
		{
			name:     "never returned",
			history:  run(closed(never)),
			evidence: []string{`^Close, called at 50\.000s, never returned, 2\.25s allowed; alpha: `},
		},
		{
			name:    "everything left is listed, in one order",
			history: run(left(51, "Close", "lease 7b in beta"), left(20, "Apply removed alpha", "watch 3 on alpha/m1"), left(51, "Close", "goroutine: 2 × run")),
			evidence: []string{
				`^goroutine: 2 × run still there at 51\.000s, after Close; lease 7b in beta still there at 51\.000s, after Close; watch 3 on alpha/m1 still there at 20\.000s, after Apply removed alpha$`,
			},
		},
	})
}
