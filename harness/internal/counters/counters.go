// Package counters has a minimal workload, one key whose value counts up, and minimal managers that follow it. The tests of the harness use it,
// since they must not depend on the catalogue.
package counters

import (
	"context"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// Prefix is the prefix of the counter's key.
const Prefix = "/counters/"

const kind = "counter"

// Workload returns the workload: one program that writes a rising number to one key.
func Workload() *harness.Workload {
	return &harness.Workload{
		Name:     "counters",
		Summary:  "One key that counts up.",
		Kinds:    []harness.Kind{{Name: kind, Rising: true, Every: 1}},
		Prefixes: []string{Prefix},
		Facts:    facts,
		Programs: func() []harness.Program { return []harness.Program{{Name: kind, Run: Count}} },
	}
}

func facts(values map[string]string) harness.Facts {
	facts := harness.Facts{}
	for key, value := range values {
		facts[harness.Subject{Kind: kind, Name: strings.TrimPrefix(key, Prefix)}] = value
	}
	return facts
}

// Count is the program of the workload. It blocks until ctx ends or a write fails.
func Count(ctx context.Context, l *harness.Ledger) error {
	pace := l.Pace()
	defer pace.End()
	for n := 1; pace.Next(ctx); n++ {
		value := strconv.Itoa(n)
		if err := l.Write(ctx, harness.Subject{Kind: kind, Name: "one"}, value, clientv3.OpPut(Prefix+"one", value)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Watching returns a manager that reads and then watches, and starts again when the watch ends. It does not notice a stale member.
func Watching() harness.Candidate {
	return harness.Candidate{
		Name: "watching", Summary: "A read and a watch.", New: harness.Mirror{Follow: Watch}.New, Workloads: []*harness.Workload{Workload()},
		Timing: func(harness.ManagerTiming) harness.ManagerTiming { return harness.ManagerTiming{} },
	}
}

// Watch is the Follow of Watching: it reads, watches, and reads again when the watch ends.
func Watch(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
	for ctx.Err() == nil {
		values, revision, err := read(ctx, client)
		if err != nil {
			continue
		}
		publish(harness.View{Facts: facts(values), Revision: revision})
		for r := range client.Watch(ctx, Prefix, clientv3.WithPrefix(), clientv3.WithRev(revision+1)) {
			for _, e := range r.Events {
				values[string(e.Kv.Key)] = string(e.Kv.Value)
			}
			if r.Err() == nil {
				publish(harness.View{Facts: facts(values), Revision: r.Header.Revision})
			}
		}
	}
	return ctx.Err()
}

// Polling returns a manager that makes a linearizable read at each probe interval of the engine's timing. It reads from one member until a read
// fails, and then from the next. It notices stale and silent members.
func Polling() harness.Candidate {
	return harness.Candidate{
		Name: "polling", Summary: "A linearizable read, again and again.", New: newPolling, Workloads: []*harness.Workload{Workload()},
		Timing: func(suggested harness.ManagerTiming) harness.ManagerTiming {
			return harness.ManagerTiming{Poll: suggested.ProbeInterval, RequestTimeout: suggested.RequestTimeout, BackoffCap: suggested.BackoffCap}
		},
	}
}

func newPolling(s harness.Setup) (harness.Manager, error) {
	return harness.Mirror{Follow: func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
		members := client.Endpoints()
		ticker := time.NewTicker(s.Timing.Poll)
		defer ticker.Stop()
		for at := 0; ctx.Err() == nil; {
			client.SetEndpoints(members[at])
			attempt, cancel := context.WithTimeout(ctx, s.Timing.RequestTimeout)
			values, revision, err := read(attempt, client)
			cancel()
			if err == nil {
				publish(harness.View{Facts: facts(values), Revision: revision})
			} else {
				at = (at + 1) % len(members)
			}
			select {
			case <-ticker.C:
			case <-ctx.Done():
			}
		}
		return ctx.Err()
	}}.New(s)
}

func read(ctx context.Context, client *clientv3.Client) (values map[string]string, revision int64, err error) {
	resp, err := client.Get(ctx, Prefix, clientv3.WithPrefix())
	if err != nil {
		return nil, 0, err
	}
	values = map[string]string{}
	for _, kv := range resp.Kvs {
		values[string(kv.Key)] = string(kv.Value)
	}
	return values, resp.Header.Revision, nil
}
