package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

func answer(cluster string, when float64, problem string) event {
	return func(r *record.Record) {
		r.Answers = append(r.Answers, record.Answer{At: at(when), Cluster: cluster, Problem: problem})
	}
}

func TestHonesty(t *testing.T) {
	check(t, Honesty{}, []judgement{
		{name: "no cluster", history: run(tenures("alpha"), tenures("beta")), want: record.NotAsked},
		{name: "every call answered", history: run(), want: record.Passed, evidence: []string{`^every call of View answered within 5ms; the manager says nothing of its health$`}},
		{
			name:     "one took its time",
			history:  run(answer("alpha", 20, "View took 20ms, allowed 5ms"), hang("alpha", 19, 21)),
			evidence: []string{`^alpha: at 20\.000s: View took 20ms, allowed 5ms; at 20\.000s alpha/m1 led, no watch was open, HangDisk\(alpha/m1\) in force$`},
		},
		{
			name:     "of several the first is told, and how many there are",
			history:  run(answer("alpha", 20, "View panicked: no"), answer("beta", 21, "View panicked: yes")),
			evidence: []string{`^alpha: at 20\.000s: View panicked: no; .*; this is the first of 2 such answers$`},
		},
		{
			name:     "one that concerns no cluster",
			history:  run(answer("", 20, "something else")),
			evidence: []string{`^at 20\.000s: something else$`},
		},
	})
}
