package flawed

import (
	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// topologyOnly is [guarded] for TiDB's topology only: it shows no checkpoints and is not judged by them.
func topologyOnly() harness.Candidate {
	c := guarded()
	c.Name, c.Summary = "topology-only", "As guarded, and shows only which TiDB servers there are, not the checkpoints."
	c.Workloads = []*harness.Workload{tidb.Workload()}
	c.Kinds = []string{tidb.Backend}
	c.New = made(func(timing bound.Timing) traits {
		t := guardedTraits(timing)
		t.prefixes = []string{tidb.TopologyPrefix}
		return t
	})
	return c
}
