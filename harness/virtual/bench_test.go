package virtual_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// inTest runs f in a test, since a bubble needs one and a benchmark has none. Flags like -count may run the test more than once; only its
// first run calls f.
func inTest(b *testing.B, f func(*testing.T)) {
	b.Helper()
	ran := false
	test := testing.InternalTest{Name: b.Name(), F: func(t *testing.T) {
		if !ran {
			ran = true
			f(t)
		}
	}}
	if !testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{test}) || !ran {
		b.Fatal("the test in the benchmark failed")
	}
}

// pace reports how much virtual time passed in a second of the wall clock.
func pace(b *testing.B, passed time.Duration) {
	b.ReportMetric(passed.Seconds()/b.Elapsed().Seconds(), "virtual-s/wall-s")
}

// BenchmarkStart starts and ends a cluster of three members.
func BenchmarkStart(b *testing.B) {
	var passed time.Duration
	for b.Loop() {
		inTest(b, func(t *testing.T) {
			inLab(t, func(l *lab) {
				l.cluster("alpha", 3)
				passed += l.since()
			})
		})
	}
	pace(b, passed)
}

// BenchmarkIdle lets a cluster of three members live for a virtual hour, starting and ending included.
func BenchmarkIdle(b *testing.B) {
	var passed time.Duration
	for b.Loop() {
		inTest(b, func(t *testing.T) {
			inLab(t, func(l *lab) {
				l.cluster("alpha", 3)
				pass(time.Hour)
				passed += l.since()
			})
		})
	}
	pace(b, passed)
}

// BenchmarkHangs hangs the disk of the leader twenty times in 200 s: bare, with a client that writes and one that watches, and with
// the reference manager, all fakes and all oracles.
func BenchmarkHangs(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		var passed time.Duration
		for b.Loop() {
			inTest(b, func(t *testing.T) {
				inLab(t, func(l *lab) {
					hangBare(l)
					passed += l.since()
				})
			})
		}
		pace(b, passed)
	})
	b.Run("all", func(b *testing.B) {
		var passed time.Duration
		for b.Loop() {
			inTest(b, func(t *testing.T) {
				s := harness.Scenario{Name: "hangs", Clusters: []harness.Spec{{Name: "alpha", Members: 3}}, Body: hangAll}
				timing := bound.Production()
				timing.Stay = 0
				r := harness.Execute(t.Context(), virtual.New(t, 1), s, scenarios.Reference(), harness.Options{Seed: 1, Timing: &timing})
				require.Equal(t, record.Passed, r.Outcome, "%s", r)
				passed += r.Virtual
			})
		}
		pace(b, passed)
	})
}

func hangBare(l *lab) {
	c := l.cluster("alpha", 3)
	cli := c.client()
	unwatch := l.inBackground(func(ctx context.Context) {
		for range cli.Watch(clientv3.WithRequireLeader(ctx), "k", clientv3.WithProgressNotify()) { // to the end
		}
	})
	unwrite := l.inBackground(func(ctx context.Context) {
		attempt, done := context.WithTimeout(ctx, 2*time.Second)
		defer done()
		_, _ = cli.Put(attempt, "k", "v") // fails while there is no leader
		pass(time.Second)
	})
	for range 20 {
		pass(4 * time.Second)
		heal := c.throw(c.leader(), point.WALSave, point.Hang)
		pass(6 * time.Second)
		heal()
	}
	unwrite()
	unwatch()
}

func hangAll(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()
	for range 20 {
		w.Pass(4 * time.Second)
		hang := w.Inject(fault.HangDisk(alpha.Leader()))
		w.Pass(6 * time.Second)
		hang.Heal()
	}
}

// BenchmarkThirtyMembers lets ten clusters of three live for a virtual hour, starting and ending included, and reports how much memory
// the process took at most.
func BenchmarkThirtyMembers(b *testing.B) {
	var passed time.Duration
	for b.Loop() {
		inTest(b, func(t *testing.T) {
			inLab(t, func(l *lab) {
				for i := range 10 {
					l.cluster(fmt.Sprintf("c%d", i), 3)
				}
				pass(time.Hour)
				passed += l.since()
			})
		})
	}
	pace(b, passed)
	b.ReportMetric(peakMemory(b), "peak-MB")
}

// peakMemory is the most that the process had in memory, in megabytes.
func peakMemory(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc")
	}
	kilobytes, err := strconv.ParseFloat(string(regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)[1]), 64)
	require.NoError(b, err)
	return kilobytes / 1000
}
