package virtual_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
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

func TestManagerThatLeavesGoroutinesFailsWithTheirStacks(t *testing.T) {
	for name, leak := range map[string]func(){
		"waiting": func() { <-make(chan struct{}) },
		"ticking": func() {
			for range time.Tick(time.Second) { // that is all
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := scenarios.Find("leader-moved")
			require.NoError(t, err)
			candidate := harness.Candidate{Name: "leaky", New: func(setup harness.Setup) (harness.Manager, error) {
				m, err := scenarios.Reference().New(setup)
				return leaky{m, leak}, err
			}}
			r := harness.Execute(t.Context(), virtual.New(t, 1), s, candidate, harness.Options{Seed: 1})
			require.False(t, r.Passed)
			evidence := map[string]string{}
			for _, v := range r.Failed() {
				evidence[v.Oracle] = v.Evidence
			}
			require.Len(t, evidence, 2, "%s", r)
			for _, text := range evidence {
				require.Contains(t, text, "TestManagerThatLeavesGoroutinesFailsWithTheirStacks")
			}
			require.Contains(t, evidence["scenario"], "1 goroutines did not end")
		})
	}
}

func TestSameSeedSameVerdicts(t *testing.T) {
	naive, err := scenarios.FindManager("naive")
	require.NoError(t, err)
	for _, s := range scenarios.All() {
		for _, candidate := range []harness.Candidate{scenarios.Reference(), naive} {
			t.Run(s.Name+"/"+candidate.Name, func(t *testing.T) {
				verdicts := func() map[string]bool {
					r := harness.Execute(t.Context(), virtual.New(t, 7), s, candidate, harness.Options{Seed: 7})
					passed := map[string]bool{}
					for _, v := range r.Verdicts {
						passed[v.Oracle] = v.Passed
					}
					return passed
				}
				require.Equal(t, verdicts(), verdicts())
			})
		}
	}
}
