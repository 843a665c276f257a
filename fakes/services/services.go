// Package services is the workload of a service registry: instances of services that announce their addresses below one prefix, under
// leases, and come and go.
package services

import (
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/fakes/internal/instance"
	"github.com/stormwatch/stormwatch/harness"
)

// Instance is the kind of the facts: an instance, named by its service and its own name ("orders/1"). Its value is the value of its key.
const Instance = "instance"

// swapping is for how many load intervals each of two instances stays that an operator swaps.
const swapping = 12

// prefix is the prefix of the instances' keys: /services/<service>/<instance>.
const prefix = "/services/"

// Workload has one instance that announces a new value at each load interval, one that never changes, two that come and go, two that an
// operator swaps in one transaction, and a key of somebody else that the manager must not touch.
func Workload() *harness.Workload {
	return &harness.Workload{
		Name:     "services",
		Summary:  "Instances of services that announce their addresses under leases and come and go, beside a neighbour's key.",
		Kinds:    []harness.Kind{{Name: Instance, Every: 1}},
		Prefixes: []string{prefix},
		Facts:    facts,
		Programs: programs,
	}
}

func programs() []harness.Program {
	return []harness.Program{
		register("orders/1", "10.0.1.1:8080", instance.Instance{Updates: true}),
		register("orders/2", "10.0.1.2:8080", instance.Instance{}),
		register("orders/3", "10.0.1.3:8080", instance.Instance{Period: 6}),
		register("billing/1", "10.0.2.1:8080", instance.Instance{Period: 10}),
		swap("search/blue", "search/green", "10.0.3.1:8080"),
		{Name: "neighbour", Run: instance.Neighbour(map[string]string{"/owners/neighbour": "not yours"})},
	}
}

// swap is the program of an operator that switches a service between two instances, each switch in one transaction.
func swap(blue, green, address string) harness.Program {
	names := [2]string{blue, green}
	one := instance.Swap{
		Subjects: [2]harness.Subject{{Kind: Instance, Name: blue}, {Kind: Instance, Name: green}},
		Announce: func(index int, stamp int64) (string, []clientv3.Op) {
			value := fmt.Sprintf("%s since %d", address, stamp)
			return value, []clientv3.Op{clientv3.OpPut(prefix+names[index], value)}
		},
		Withdraw: func(index int) []clientv3.Op { return []clientv3.Op{clientv3.OpDelete(prefix + names[index])} },
		Period:   swapping,
	}
	return harness.Program{Name: fmt.Sprintf("operator of %s and %s", blue, green), Run: one.Run}
}

// register is the program of an instance. The value that it announces is its address and a stamp.
func register(name, address string, one instance.Instance) harness.Program {
	key := prefix + name
	one.Subject = harness.Subject{Kind: Instance, Name: name}
	one.Announce = func(stamp int64, lease clientv3.LeaseID) (string, []clientv3.Op) {
		value := fmt.Sprintf("%s since %d", address, stamp)
		return value, []clientv3.Op{clientv3.OpPut(key, value, clientv3.WithLease(lease))}
	}
	one.Withdraw = []clientv3.Op{clientv3.OpDelete(key)}
	return harness.Program{Name: "service " + name, Run: one.Run}
}

// facts returns the instances: each key below the prefix is one.
func facts(values map[string]string) harness.Facts {
	facts := harness.Facts{}
	for key, value := range values {
		if name, ok := strings.CutPrefix(key, prefix); ok && value != "" {
			facts[harness.Subject{Kind: Instance, Name: name}] = value
		}
	}
	return facts
}
