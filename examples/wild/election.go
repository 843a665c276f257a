package main

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"github.com/stormwatch/stormwatch/harness"
)

const (
	// leader is the kind of the fact: the value that the leader of the election has proclaimed last.
	leader = "leader"
	// electionPrefix is the election's prefix, as it is given to concurrency.NewElection.
	electionPrefix = "/election"
)

// electionObserve is what clientv3's concurrency tells those who follow an election. [concurrencyOwners] judges whether its locks and leaderships are
// owned by one at a time.
func electionObserve() harness.Candidate {
	return harness.Candidate{
		Name: "election-observe", Summary: "go.etcd.io/etcd/client/v3/concurrency, Election.Observe",
		Workloads: []*harness.Workload{election()}, Timing: plain,
		New: harness.Mirror{FollowTarget: func(ctx context.Context, target harness.Target, publish func(harness.View)) error {
			return again(ctx, publish, func(ctx context.Context, show func(harness.Facts)) error { return observe(ctx, target, show) })
		}}.New,
	}
}

// observe follows the election until the channel is closed. It makes the client itself, since the session must be closed before the client.
func observe(ctx context.Context, target harness.Target, show func(harness.Facts)) error {
	client, err := clientv3.New(target.Config())
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := concurrency.NewSession(client)
	if err != nil {
		return err
	}
	defer session.Close()
	for resp := range concurrency.NewElection(session, electionPrefix).Observe(ctx) {
		for _, kv := range resp.Kvs {
			show(harness.Facts{theLeader: string(kv.Value)})
		}
	}
	return errors.New("the channel of leaders was closed")
}

var theLeader = harness.Subject{Kind: leader, Name: electionPrefix}

// election is the workload of an election whose leader proclaims a new value at each load interval and hands over to another at times.
func election() *harness.Workload {
	return &harness.Workload{
		Name: "election", Summary: "An election whose leader proclaims new values and hands over.", Prefixes: []string{electionPrefix + "/"},
		Kinds:    []harness.Kind{{Name: leader, Every: 1}},
		Programs: func() []harness.Program { return []harness.Program{{Name: "candidates", Run: campaign}} },
	}
}

// reign is for how many load intervals a candidate leads.
const reign = 64

// campaign plays the candidates of the election, which lead in turns.
func campaign(ctx context.Context, l *harness.Ledger) error {
	key := func(n int) string { return fmt.Sprintf("%s/%x", electionPrefix, n) }
	pace := l.Pace()
	defer pace.End()
	for n := 0; ; n++ {
		value := fmt.Sprintf("candidate %d at %d", n/reign, l.Stamp())
		ops := []clientv3.Op{clientv3.OpPut(key(n/reign), value)}
		if n > 0 && n%reign == 0 {
			ops = append(ops, clientv3.OpDelete(key(n/reign-1)))
		}
		if err := l.Write(ctx, theLeader, value, ops...); err != nil {
			return err
		}
		if !pace.Next(ctx) {
			return ctx.Err()
		}
	}
}
