package virtual_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// leaky is the reference manager with a goroutine that outlives it.
type leaky struct {
	harness.Manager
	leak func()
}

func (m leaky) Apply(ctx context.Context, targets []harness.Target) error {
	go m.leak()
	return m.Manager.Apply(ctx, targets)
}

func TestAManagerThatLeavesGoroutinesFailsWithTheirStacks(t *testing.T) {
	for name, leak := range map[string]func(){
		"waiting": func() { <-make(chan struct{}) },
		"ticking": func() {
			for range time.Tick(time.Second) { // that is all
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := scenarios.Reference()
			c.Name = "leaky"
			c.New = func(setup harness.Setup) (harness.Manager, error) {
				m, err := scenarios.Reference().New(setup)
				return leaky{m, leak}, err
			}
			s := scenarios.All()[0]
			r := harness.Execute(t.Context(), virtual.New(t, 1), s, c, harness.Options{Seed: 1})
			require.Equal(t, record.Failed, r.Outcome, r.String())
			require.Len(t, r.Failed(), 1, r.String())
			require.Equal(t, "leaks", r.Failed()[0].Oracle)
			require.Contains(t, r.Failed()[0].Evidence, "goroutine: 1 × ")
			require.Contains(t, r.Failed()[0].Evidence, t.Name()[:len("TestAManagerThatLeavesGoroutinesFailsWithTheirStacks")])
		})
	}
}

// A seed decides what is drawn, the leaders that are elected among it: who passes with one does so again.
func TestSameSeedSameVerdicts(t *testing.T) {
	candidates := map[string]harness.Candidate{}
	for _, c := range scenarios.Managers() {
		candidates[c.Name] = c
	}
	timing := bound.Production()
	timing.Stay = 0 // what happens is over by then
	// Whether a plain client is back in time after a compaction, or comes back to a cluster through the member that hangs, depends on which member
	// gRPC draws, and after an outage on how long gRPC's backoff is.
	byLuck := map[string]bool{"compacted-while-away/naive": true, "cluster-removed-while-hung/naive": true, "certificate-expired/naive": true}
	for _, s := range scenarios.All() {
		for _, name := range []string{"reference", "naive"} {
			if byLuck[s.Name+"/"+name] {
				continue
			}
			t.Run(s.Name+"/"+name, func(t *testing.T) {
				verdicts := func() map[string]record.Outcome {
					r := harness.Execute(t.Context(), virtual.New(t, 7), s, candidates[name], harness.Options{Seed: 7, Timing: &timing})
					require.NotEqual(t, record.NotJudged, r.Outcome, r.Cause)
					outcomes := map[string]record.Outcome{}
					for _, v := range r.Verdicts {
						outcomes[v.Oracle] = v.Outcome
					}
					return outcomes
				}
				require.Equal(t, verdicts(), verdicts())
			})
		}
	}
}
