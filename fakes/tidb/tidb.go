// Package tidb is the workload of a TiDB cluster: what its programs write to etcd. TiDB servers register themselves, a BR advancer raises a
// checkpoint, and another TiProxy has a registration that the manager must not touch.
package tidb

import (
	"github.com/stormwatch/stormwatch/harness"
)

// The kinds of facts.
const (
	// Backend is a TiDB server, by its address. Its value is its start timestamp, in decimal.
	Backend = "backend"
	// Checkpoint is the global checkpoint of a log backup task, by the task's name: a timestamp, in decimal, that only rises.
	Checkpoint = "checkpoint"
)

// TopologyPrefix is the prefix of the keys in which TiDB servers register themselves.
const TopologyPrefix = "/topology/tidb/"

// checkpointPrefix is the prefix of the keys with the checkpoints.
const checkpointPrefix = "/tidb/br-stream/checkpoint/"

// comingAndGoing is for how many load intervals the third server stays and then stays away. Each of two that an operator swaps stays twice as long.
const comingAndGoing = 10

// Workload has two TiDB servers that stay, one that comes and crashes, two that an operator swaps in one transaction, an advancer with one task, another
// TiProxy, and keys below the same prefixes that are no facts.
func Workload() *harness.Workload {
	return &harness.Workload{
		Name:    "tidb",
		Summary: "TiDB servers that register under leases, a BR advancer that moves a checkpoint, another TiProxy's registration.",
		Kinds: []harness.Kind{
			{Name: Backend, Every: comingAndGoing},
			{Name: Checkpoint, Rising: true, Every: 1},
		},
		Prefixes: []string{TopologyPrefix, checkpointPrefix},
		Facts:    facts,
		Programs: programs,
	}
}

func programs() []harness.Program {
	return []harness.Program{
		clutter("10.0.0.6:4000", "10.0.0.7:4000"),
		server("10.0.0.1:4000"),
		server("10.0.0.2:4000"),
		crashing("10.0.0.3:4000", comingAndGoing),
		operator("10.0.0.4:4000", "10.0.0.5:4000"),
		advancer("backup"),
		tiproxy("10.0.0.9:6000"),
	}
}
