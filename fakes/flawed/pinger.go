package flawed

import (
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// pinger is [guarded], but also pings connections without a stream, as TiProxy and BR do. etcd takes that for an attack and closes the connections.
func pinger() harness.Candidate {
	c := guarded()
	c.Name, c.Summary = "pinger", "As guarded, and pings idle connections too, as TiProxy and BR do: etcd closes them (too_many_pings)."
	c.Caught = oracle.Gentleness{}.Name()
	c.New = made(func(timing bound.Timing) traits {
		t := guardedTraits(timing)
		dial := t.client
		t.client = func(cfg *clientv3.Config) {
			dial(cfg)
			cfg.PermitWithoutStream = true
		}
		return t
	})
	return c
}
