package bound

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTermsAddUpToTheBound(t *testing.T) {
	for name, timing := range timings() {
		b := Bounds{timing}
		for allowance, want := range map[string]time.Duration{
			"hung leader": b.HungLeader(), "isolated leader": b.IsolatedLeader(), "lost leader": b.LostLeader(), "lost member": b.LostMember(),
			"silent leader": b.SilentLeader(), "silent member": b.SilentMember(), "stale member": b.StaleMember(), "calm": timing.Load + b.Calm(),
		} {
			var sum time.Duration
			for _, term := range b.Terms(allowance) {
				sum += term.Long
			}
			require.Equal(t, want, sum, "%s: %s", name, allowance)
		}
		require.Nil(t, b.Terms("slow"))
	}
}
