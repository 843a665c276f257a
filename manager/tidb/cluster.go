package tidb

import (
	"cmp"
	"errors"
	"slices"

	"go.uber.org/zap"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
)

// cluster interprets the views of one cluster during one tenure, one after another. Only calls of the manager's OnChange
// use it, and these come one at a time.
type cluster struct {
	name       string
	log        *zap.Logger
	tenure     uint64
	clusterID  uint64
	topologies []*topology
	checkpoint *checkpoints
	// last is the error of the manager's latest view.
	last error
	view View
}

func newCluster(cfg Config, name string, v manager.View) *cluster {
	c := &cluster{
		name: name, log: cfg.logger().With(zap.String("cluster", name)), tenure: v.Tenure, clusterID: v.ClusterID,
		topologies: []*topology{newTopology()}, checkpoint: newCheckpoints(), view: View{Err: manager.ErrPending},
	}
	if cfg.Keyspaces {
		c.topologies = append(c.topologies, newKeyspaces())
	}
	return c
}

// belongs reports whether a view is of the same tenure and the same etcd cluster as those before.
func (c *cluster) belongs(v manager.View) bool {
	return c.tenure == v.Tenure && (c.clusterID == 0 || c.clusterID == v.ClusterID)
}

// take makes a view of the manager's next view.
func (c *cluster) take(v manager.View) View {
	c.clusterID = v.ClusterID
	next := View{
		Revision: v.Revision, Healthy: v.Healthy, Endpoint: v.Prefixes[topologyPrefix].Endpoint, Err: c.view.Err,
		Checkpoints: make(map[string]uint64),
	}
	switch {
	case v.Err != c.last && v.Err != nil:
		next.Err = v.Err
	case v.Revision > 0 && errors.Is(next.Err, manager.ErrPending):
		next.Err = nil
	}
	c.last = v.Err

	var live []Backend
	var malformed []*MalformedError
	for _, t := range c.topologies {
		servers, refused := t.take(v.Prefixes[t.prefix])
		live = append(live, servers...)
		for _, r := range refused {
			malformed = append(malformed, c.malformed(v.Prefixes[t.prefix], r))
		}
	}
	next.Backends = byAddress(live)

	watched := v.Prefixes[checkpointPrefix]
	states, refused := c.checkpoint.take(watched, func(r refusal) *MalformedError { return c.malformed(watched, r) })
	for task, state := range states {
		if state.good != nil {
			next.Checkpoints[task] = state.good.Value
		}
	}
	next.checkpoints = states

	malformed = append(malformed, refused...)
	slices.SortFunc(malformed, func(a, b *MalformedError) int { return cmp.Compare(a.Revision, b.Revision) })
	for _, err := range malformed {
		c.log.Warn("value ignored", err.Fields(zap.Error(err))...)
		next.Err = err
	}
	c.view = next
	return next
}

func (c *cluster) malformed(watched guard.Snapshot, r refusal) *MalformedError {
	where := guard.Where{Cluster: c.name, Endpoint: watched.Endpoint, Key: r.key}
	return &MalformedError{Where: where, Revision: r.revision, Err: r.err}
}
