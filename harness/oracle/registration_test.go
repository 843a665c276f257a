package oracle

import (
	"testing"

	"github.com/stormwatch/stormwatch/harness/record"
)

// missing says which own keys were missing from an instant on.
func missing(cluster string, when float64, keys ...string) event {
	return func(r *record.Record) {
		r.Keys = append(r.Keys, record.Keys{At: at(when), Cluster: cluster, Missing: keys})
	}
}

func foreign(cluster string, when float64, keys ...string) event {
	return func(r *record.Record) {
		r.Keys = append(r.Keys, record.Keys{At: at(when), Cluster: cluster, Foreign: keys})
	}
}

func TestRegistration(t *testing.T) {
	check(t, Registration{}, []judgement{
		{name: "no keys", history: history(), passes: true, evidence: []string{`^not asked: no keys were looked at$`}},
		{name: "all stand", history: history(missing("alpha", 1)), passes: true, evidence: []string{`^no key was missing$`}},
		{
			name:    "missing for as long as allowed",
			history: history(missing("alpha", 10, "/own"), missing("alpha", 16.2)),
			passes:  true, evidence: []string{`^worst 6\.2s of 6\.2s allowed \(alpha\)$`},
		},
		{
			name:    "missing for longer",
			history: history(missing("alpha", 10, "/own/ttl"), missing("alpha", 17), watch("alpha", "/k", 0, 12, never)),
			evidence: []string{
				`^alpha: own key /own/ttl was missing \(since 10\.000s\) for longer than the 6\.2s allowed \(registration bound\); at 16\.200s alpha/m1 led, the watch sat on alpha/m2; worst 7s of 6\.2s allowed at 17\.000s \(alpha\)$`,
			},
		},
		{
			name:     "missing until the close",
			history:  history(missing("alpha", 40, "/own")),
			evidence: []string{`at 46\.200s`, `worst 10s of 6\.2s allowed at 50\.000s`},
		},
		{
			name:    "gone after the close",
			history: history(missing("alpha", 1), missing("alpha", 50, "/own")),
			passes:  true, evidence: []string{`^no key was missing$`},
		},
		{
			name:    "each key by itself",
			history: history(missing("alpha", 10, "/a"), missing("alpha", 15, "/b"), missing("alpha", 20)),
			passes:  true, evidence: []string{`^worst 5s of`},
		},
		{
			name:     "the same key throughout, whatever others do",
			history:  history(missing("alpha", 10, "/a"), missing("alpha", 13, "/a", "/b"), missing("alpha", 16, "/a"), missing("alpha", 18)),
			evidence: []string{`own key /a was missing`, `worst 8s`},
		},
		{
			name:    "time before the manager had its start does not count",
			history: history(missing("alpha", 0.1, "/own"), missing("alpha", 12.4)),
			passes:  true, evidence: []string{`^worst 6\.2s of 6\.2s`},
		},
		{
			name:    "a fault allows the failover bound as well",
			history: history(hang("alpha", 9, 16), missing("alpha", 10, "/own"), missing("alpha", 24)),
			passes:  true, evidence: []string{`^worst 14s of 14\.2s allowed`},
		},
		{
			name:     "until the bound after its end has passed",
			history:  history(hang("alpha", 9, 15), missing("alpha", 10, "/own"), missing("alpha", 24)),
			evidence: []string{`registration bound\); at 23\.000s`, `worst 14s of 6\.2s`},
		},
		{
			name:    "time without a quorum does not count",
			history: history(split("alpha", 9, 30), missing("alpha", 10, "/own"), missing("alpha", 38)),
			passes:  true, evidence: []string{`^worst 8s of 14\.2s`},
		},
		{
			name:     "another cluster's fault allows nothing",
			history:  history(hang("beta", 9, 40), missing("alpha", 10, "/own"), missing("alpha", 17)),
			evidence: []string{`^alpha: .*registration bound`},
		},
		{
			name:     "a foreign key gone for an instant",
			history:  history(foreign("beta", 55, "/theirs"), foreign("beta", 55.1)),
			evidence: []string{`^beta: key /theirs, which is not the manager's, was gone; at 55\.000s beta/m1 led`},
		},
	})
}
