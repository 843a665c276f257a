package oracle

import (
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// sent is traffic in one second of the run: dials, created watches and requests.
func sent(cluster string, second, dials, watches, requests int) event {
	return func(r *record.Record) {
		r.Traffic = append(r.Traffic, record.Traffic{Cluster: cluster, Second: second, Dials: dials, Watches: watches, Requests: requests})
	}
}

// ready says when the manager was ready.
func ready(when float64) event {
	return func(r *record.Record) { r.ManagerReady = at(when) }
}

// The budgets of these histories for a second, with one key and one stream: 6 dials in calm and 18 else, 6 watches in calm and 18 else, and 19 requests in calm and 55 else.
// misleading makes the last fault one that makes the member list wrong.
func misleading(r *record.Record) { r.Faults[len(r.Faults)-1].Scope.Misleading = true }

func TestTrafficStaysWithinItsBudget(t *testing.T) {
	calm := `, while nothing was wrong, where `
	check(t, Gentleness{}, []judgement{
		{name: "nothing was seen", history: run(), want: record.NotAsked, evidence: []string{`^nothing of the manager was seen on the wire$`}},
		{name: "as much as is allowed in calm", history: run(sent("alpha", 20, 6, 6, 19)), want: record.Passed, evidence: []string{`^at most 6 of 6 dials allowed in 1s \(alpha\)$`}},
		{
			name:    "a dial too many in calm",
			history: run(sent("alpha", 20, 7, 0, 0)),
			evidence: []string{
				`^alpha: 7 dials from 20s to 21s` + calm + `6 are allowed in 1s; by second from 15s on: 0 0 0 0 0 7; at 20\.000s alpha/m1 led`,
			},
		},
		{name: "a request too many in calm", history: run(sent("alpha", 20, 0, 0, 20)), evidence: []string{`^alpha: 20 requests from 20s to 21s` + calm + `19 are allowed`}},
		{name: "a watch too many", history: run(sent("alpha", 20, 0, 7, 0)), evidence: []string{`^alpha: 7 created watches from 20s to 21s` + calm + `6 are allowed`}},
		{
			name:    "as much as is allowed while a fault is in force",
			history: run(hang("alpha", 20.5, 40), sent("alpha", 20, 18, 18, 55), sent("alpha", 39, 18, 18, 55)),
			want:    record.Passed,
		},
		{
			name:     "a dial too many while a fault is in force",
			history:  run(hang("alpha", 20, 40), sent("alpha", 30, 19, 0, 0)),
			evidence: []string{`19 dials from 30s to 31s, while a fault or a recovery was under way, where 18 are allowed`},
		},
		{name: "a request too many while a fault is in force", history: run(hang("alpha", 20, 40), sent("alpha", 30, 0, 0, 56)), evidence: []string{`56 requests .* where 55 are allowed`}},
		{name: "a watch too many while a fault is in force", history: run(hang("alpha", 20, 40), sent("alpha", 30, 0, 19, 0)), evidence: []string{`19 created watches .* where 18 are allowed`}},
		{name: "until the recovery may be over", history: run(blackhole("alpha", 20, 30.5), sent("alpha", 34, 18, 0, 55)), want: record.Passed},
		{name: "once it is over", history: run(blackhole("alpha", 20, 30), sent("alpha", 34, 7, 0, 0)), evidence: []string{`while nothing was wrong`}},
		{name: "before the fault", history: run(hang("alpha", 21, 40), sent("alpha", 20, 7, 0, 0)), evidence: []string{`while nothing was wrong`}},
		{name: "another cluster's fault is no excuse", history: run(hang("beta", 20, 40), sent("alpha", 30, 7, 0, 0)), evidence: []string{`while nothing was wrong`}},
		{name: "at the start", history: run(sent("alpha", 6, 18, 0, 55)), want: record.Passed},
		{name: "after the start", history: run(sent("alpha", 7, 7, 0, 0)), evidence: []string{`while nothing was wrong`}},
		{name: "until it is ready", history: run(ready(9.5), sent("alpha", 9, 18, 0, 55)), want: record.Passed},
		{name: "once it is ready", history: run(ready(9.5), sent("alpha", 10, 7, 0, 0)), evidence: []string{`while nothing was wrong`}},
		{name: "before the manager had the cluster", history: run(tenures("alpha", 10, never), sent("alpha", 9, 99, 99, 99), sent("alpha", 20, 1, 0, 0)), want: record.Passed},
		{name: "after it was closed", history: run(sent("alpha", 50, 99, 99, 99), sent("alpha", 20, 1, 0, 0)), want: record.Passed},
		{name: "just before it was closed", history: run(sent("alpha", 49, 99, 0, 0)), evidence: []string{`99 dials from 49s to 50s`}},
		{name: "another cluster's traffic does not add up", history: run(sent("alpha", 20, 4, 0, 0), sent("beta", 20, 4, 0, 0)), want: record.Passed},
		{
			name:    "a watch for each key that is followed",
			history: run(watch("alpha", "/a", 0, 50, 50), watch("alpha", "/b", 0, 50, 50), sent("alpha", 20, 0, 12, 0)),
			want:    record.Passed,
		},
		{
			name:     "the watches of another cluster do not count",
			history:  run(watch("beta", "/a", 0, 50, 50), watch("beta", "/b", 0, 50, 50), sent("alpha", 20, 0, 12, 0)),
			evidence: []string{`12 created watches .* where 6 are allowed`},
		},
		{name: "a watch for each stream that is kept", history: run(func(r *record.Record) { r.Streams = 2 }, sent("alpha", 20, 0, 12, 0)), want: record.Passed},
		{
			name:    "a watch for each of two that it had of the key before the first fault",
			history: run(watch("alpha", "/a", 0, 50, 50), watch("alpha", "/a", 0, 50, 50), watch("alpha", "/b", 0, 50, 50), sent("alpha", 20, 0, 24, 0)),
			want:    record.Passed,
		},
		{name: "a watch for each prefix", history: run(func(r *record.Record) { r.Prefixes = 2 }, sent("alpha", 20, 0, 12, 0)), want: record.Passed},
		{
			name: "a loop is told with its curve, and how many there are",
			history: run(watch("alpha", "/a", 0, 50, 50), sent("alpha", 19, 0, 1, 0), sent("alpha", 21, 0, 300, 0), sent("alpha", 22, 0, 400, 0), sent("alpha", 23, 0, 200, 0),
				sent("beta", 21, 7, 0, 0)),
			evidence: []string{`^beta: 7 dials.*; this is the first of 2 violations, the worst is: alpha: 400 created watches from 22s to 23s` + calm + `6 are allowed in 1s; by second from 17s on: 0 0 1 0 300 400 200$`},
		},
	})
}

// With a backoff cap of three seconds, 9 dials may fall into three seconds of calm.
func TestTrafficIsCountedOverTheLongestPause(t *testing.T) {
	long := func(r *record.Record) { r.Timing.BackoffCap = 2500 * time.Millisecond }
	synced := func(r *record.Record) { r.Timing.Sync = 30 * time.Second }
	check(t, Gentleness{}, []judgement{
		{name: "spread", history: run(long, sent("alpha", 20, 3, 0, 0), sent("alpha", 21, 3, 0, 0), sent("alpha", 22, 3, 0, 0), sent("alpha", 23, 3, 0, 0)), want: record.Passed},
		{
			name:     "too much in three seconds",
			history:  run(long, sent("alpha", 20, 3, 0, 0), sent("alpha", 21, 3, 0, 0), sent("alpha", 22, 4, 0, 0)),
			evidence: []string{`^alpha: 10 dials from 20s to 23s, while nothing was wrong, where 9 are allowed in 3s; by second from 15s on: 0 0 0 0 0 3 3 4;`},
		},
		{
			name:     "a dial too many after a restart",
			history:  run(long, synced, fault("alpha", "Restart", 5, 6, record.Allowance{}), sent("alpha", 20, 3, 0, 0), sent("alpha", 21, 3, 0, 0), sent("alpha", 22, 4, 0, 0)),
			evidence: []string{`10 dials from 20s to 23s, while nothing was wrong, where 9 are allowed`},
		},
		{
			name:    "after the member list was wrong managers may have read it",
			history: run(long, synced, fault("alpha", "MisadvertiseMember", 5, 6, record.Allowance{}), misleading, sent("alpha", 20, 3, 0, 0), sent("alpha", 21, 3, 0, 0), sent("alpha", 22, 4, 0, 0)),
			want:    record.Passed,
		},
		{
			name:    "short pauses after each of two faults",
			history: run(long, blackhole("alpha", 20, 20.5), blackhole("alpha", 22, 40), sent("alpha", 20, 20, 0, 0), sent("alpha", 22, 19, 0, 0)),
			want:    record.Passed,
		},
		{
			name:     "a dial too many after two faults",
			history:  run(long, blackhole("alpha", 20, 20.5), blackhole("alpha", 22, 40), sent("alpha", 20, 20, 0, 0), sent("alpha", 22, 20, 0, 0)),
			evidence: []string{`^alpha: 40 dials from 20s to 23s, while a fault or a recovery was under way, where 39 are allowed in 3s`},
		},
		{
			name:     "two faults at once are one",
			history:  run(long, blackhole("alpha", 20, 40), blackhole("alpha", 21, 40), sent("alpha", 20, 20, 0, 0), sent("alpha", 22, 19, 0, 0)),
			evidence: []string{`39 dials from 20s to 23s, .* where 24 are allowed in 3s`},
		},
	})
}

// connection is one of the manager to m1 of a cluster. Waits are pairs of instants.
func connection(cluster string, opened, closed float64, waits ...float64) event {
	return func(r *record.Record) {
		c := record.Connection{Cluster: cluster, Member: "m1", Opened: at(opened), Closed: at(closed), Since: -1}
		for i := 0; i < len(waits); i += 2 {
			c.Waits = append(c.Waits, record.Silence{From: at(waits[i]), To: at(waits[i+1])})
		}
		r.Connections = append(r.Connections, c)
	}
}

// deaf makes the latest fault one because of which m1 cannot be heard.
func deaf(r *record.Record) {
	f := &r.Faults[len(r.Faults)-1]
	f.Scope.Unreachable, f.Scope.Silenced = []string{"m1"}, []string{"m1"}
}

// A connection may be dead for 10 s in these histories.
func TestDeadConnectionsAreGivenUp(t *testing.T) {
	seen := sent("alpha", 20, 1, 0, 0)
	waiting := func(since float64) event {
		return func(r *record.Record) { r.Connections[len(r.Connections)-1].Since = at(since) }
	}
	check(t, Gentleness{}, []judgement{
		{name: "given up in time", history: run(seen, blackhole("alpha", 20, 40), deaf, connection("alpha", 1, 30, 15, 30)), want: record.Passed},
		{
			name:    "given up too late",
			history: run(seen, blackhole("alpha", 20, 40), deaf, connection("alpha", 1, 31, 15, 31)),
			evidence: []string{
				`^alpha: the connection to alpha/m1, opened at 1\.000s, was kept although nothing came from there from 20\.000s to 31\.000s; 10s allowed; at 30\.000s .*Blackhole\(alpha/m1\) in force`,
			},
		},
		{name: "silent since after the fault began", history: run(seen, blackhole("alpha", 20, 40), deaf, connection("alpha", 1, 40, 29, 39)), want: record.Passed},
		{name: "kept until the end", history: run(seen, blackhole("alpha", 20, never), deaf, connection("alpha", 1, never), waiting(21)), evidence: []string{`from 21\.000s to 50\.000s`}},
		{name: "healed in time", history: run(seen, blackhole("alpha", 20, 30), deaf, connection("alpha", 1, 45, 15, 45)), want: record.Passed},
		{name: "closed in time by the manager's end", history: run(seen, blackhole("alpha", 41, never), deaf, connection("alpha", 1, 55, 40, 55)), want: record.Passed},
		{name: "without a fault silence is no death", history: run(seen, connection("alpha", 1, 45, 15, 45)), want: record.Passed},
		{name: "another cluster's fault", history: run(seen, blackhole("beta", 20, 40), deaf, connection("alpha", 1, 45, 15, 45)), want: record.Passed},
		{
			name:    "a fault that only silences watches",
			history: run(seen, blackhole("alpha", 20, 40), deaf, func(r *record.Record) { r.Faults[0].Scope.Unreachable = nil }, connection("alpha", 1, 45, 15, 45)),
			want:    record.Passed,
		},
		{
			name:    "a fault that only refuses",
			history: run(seen, blackhole("alpha", 20, 40), deaf, func(r *record.Record) { r.Faults[0].Scope.Silenced = nil }, connection("alpha", 1, 45, 15, 45)),
			want:    record.Passed,
		},
		{
			name:    "another member's connection",
			history: run(seen, blackhole("alpha", 20, 40), deaf, connection("alpha", 1, 45, 15, 45), func(r *record.Record) { r.Connections[0].Member = "m2" }),
			want:    record.Passed,
		},
		{
			name:     "each tenure is judged by itself",
			history:  run(seen, tenures("alpha", 0, 5, 22, never), blackhole("alpha", 4, 40), deaf, connection("alpha", 1, 40, 3, 40)),
			evidence: []string{`opened at 1\.000s, was kept although nothing came from there from 22\.000s to 40\.000s; 10s allowed; at 32\.000s [^;]*$`},
		},
	})
}

func TestEtcdIsNotPingedTooOften(t *testing.T) {
	pinged := func(cluster string, when float64) event {
		return all(connection(cluster, 1, when), func(r *record.Record) {
			r.Connections[len(r.Connections)-1].TooManyPings = []time.Duration{at(when)}
		})
	}
	check(t, Gentleness{}, []judgement{
		{
			name:    "closed by etcd",
			history: run(sent("alpha", 20, 1, 0, 0), pinged("alpha", 31), pinged("beta", 30)),
			evidence: []string{
				`^beta: beta/m1 closed the connection opened at 1\.000s with GOAWAY too_many_pings: the client pings it more often than etcd accepts; at 30\.000s .*; this is the first of 2 violations$`,
			},
		},
		{name: "when the manager was closed", history: run(sent("alpha", 20, 1, 0, 0), pinged("alpha", 51)), want: record.Passed},
	})
}
