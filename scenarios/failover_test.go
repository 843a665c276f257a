package scenarios_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bench"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// BenchmarkFailover measures what the command bench measures, with the same code and the same seeds, from 1 on: -benchtime 100x makes a hundred runs of
// each case. The figures are seconds of virtual time. What a run costs the machine is ns/op.
func BenchmarkFailover(b *testing.B) {
	for _, c := range bench.Cases() {
		for _, name := range []string{"reference", "hedged"} {
			b.Run("case="+c.Name+"/manager="+name, func(b *testing.B) {
				s := bench.Series{Case: c}
				for n := range b.N {
					s.Measured = append(s.Measured, failover(c, name, uint64(n)+1))
				}
				sum := s.Summary()
				require.Zero(b, sum.Broken+sum.Never, "%+v", s.Measured)
				for unit, share := range map[string]float64{"min-s": 0, "median-s": 0.5, "p99-s": 0.99, "max-s": 1} {
					took, _ := sum.Took.Quantile(share)
					b.ReportMetric(took.Seconds(), unit)
				}
			})
		}
	}
}

// failover measures one seed.
func failover(c bench.Case, manager string, seed uint64) (m bench.Measurement) {
	all := scenarios.Managers()
	i := slices.IndexFunc(all, func(c harness.Candidate) bool { return c.Name == manager })
	bench.InTest(c.Name, func(t *testing.T) {
		m = bench.Measure(t.Context(), virtual.New(t, seed), c, all[i], bench.Options{Seed: seed})
	})
	return m
}

func TestTheFailoverBenchmarkMeasuresItsCases(t *testing.T) {
	for _, c := range bench.Cases() {
		m := failover(c, "reference", 1)
		require.Empty(t, m.Failure)
		require.Positive(t, m.Took)
		require.LessOrEqual(t, m.Took, m.Bound)
	}
}
