// Package lock is the workload of programs that share work by owning things: a lock and a leadership that managers compete for, and jobs that other
// machines hold under leases, which a manager shows.
//
//	/locks/backup/<claimant>         the lock: whoever's key is the oldest below the prefix owns it
//	/leaders/scheduler/<claimant>    the leadership, in the same way
//	/jobs/<job>                      a fact: who holds the job
package lock

import (
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/fakes/internal/instance"
	"github.com/stormwatch/stormwatch/harness"
)

// Job is the kind of the facts: a job by its name, whose value is the worker that holds it.
const Job = "job"

// The kinds of things that a manager can own.
const (
	Lock       = "lock"
	Leadership = "leadership"
)

// prefix is the prefix of the jobs' keys.
const prefix = "/jobs/"

// swapping is for how many load intervals a job stays with each of two workers.
const swapping = 12

// Workload has a lock and a leadership, which nobody but the managers wants, and workers on other machines: one announces its progress with its job at each
// load interval, one holds its job for ever, two come and go, and a job is handed from one name to another in one transaction. Beside them there is a
// key of somebody else that the manager must not touch.
func Workload() *harness.Workload {
	return &harness.Workload{
		Name:     "lock",
		Summary:  "A lock and a leadership to own, and jobs that workers hold under leases, beside a neighbour's key.",
		Kinds:    []harness.Kind{{Name: Job, Every: 1}},
		Prefixes: []string{prefix},
		Things: []harness.Thing{
			{Subject: harness.Subject{Kind: Lock, Name: "backup"}, Prefix: "/locks/backup/"},
			{Subject: harness.Subject{Kind: Leadership, Name: "scheduler"}, Prefix: "/leaders/scheduler/"},
		},
		Facts:    facts,
		Programs: programs,
	}
}

func programs() []harness.Program {
	return []harness.Program{
		worker("import", "worker-1", instance.Instance{Updates: true}),
		worker("export", "worker-2", instance.Instance{}),
		worker("compact", "worker-3", instance.Instance{Period: 6}),
		worker("audit", "worker-4", instance.Instance{Period: 10}),
		handOver("report", "report-next", "worker-5"),
		{Name: "neighbour", Run: instance.Neighbour(map[string]string{"/owners/neighbour": "not yours"})},
	}
}

// worker is the program of a worker that holds a job under a lease.
func worker(job, name string, one instance.Instance) harness.Program {
	one.Subject = harness.Subject{Kind: Job, Name: job}
	one.Announce = func(stamp int64, lease clientv3.LeaseID) (string, []clientv3.Op) {
		value := fmt.Sprintf("%s since %d", name, stamp)
		return value, []clientv3.Op{clientv3.OpPut(prefix+job, value, clientv3.WithLease(lease))}
	}
	one.Withdraw = []clientv3.Op{clientv3.OpDelete(prefix + job)}
	return harness.Program{Name: "worker of " + job, Run: one.Run}
}

// handOver is the program of a worker that holds one job and then another, each switch in one transaction.
func handOver(job, next, worker string) harness.Program {
	names := [2]string{job, next}
	one := instance.Swap{
		Subjects: [2]harness.Subject{{Kind: Job, Name: job}, {Kind: Job, Name: next}},
		Announce: func(index int, stamp int64) (string, []clientv3.Op) {
			value := fmt.Sprintf("%s since %d", worker, stamp)
			return value, []clientv3.Op{clientv3.OpPut(prefix+names[index], value)}
		},
		Withdraw: func(index int) []clientv3.Op { return []clientv3.Op{clientv3.OpDelete(prefix + names[index])} },
		Period:   swapping,
	}
	return harness.Program{Name: fmt.Sprintf("worker of %s and %s", job, next), Run: one.Run}
}

// facts returns the jobs: each key below the prefix is one.
func facts(values map[string]string) harness.Facts {
	facts := harness.Facts{}
	for key, value := range values {
		if name, ok := strings.CutPrefix(key, prefix); ok && value != "" {
			facts[harness.Subject{Kind: Job, Name: name}] = value
		}
	}
	return facts
}
