package flawed

import (
	"context"
	"errors"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/connectivity"
)

// helpers are the goroutines that find out, beside a watch, that it must be given up.
type helpers struct {
	found   chan error // takes the first reason
	running sync.WaitGroup
}

// help starts the helpers of a watch. They run until ctx ends. plain is ctx without the requirement of a leader.
func (f *follower) help(ctx, plain context.Context, m *member, client *clientv3.Client, w clientv3.Watcher) *helpers {
	h := &helpers{found: make(chan error, 1)}
	if f.traits.progress > 0 {
		h.run(ctx, func() error { return f.askProgress(ctx, plain, w) })
	}
	if f.traits.probe > 0 {
		h.run(ctx, func() error { return f.probe(ctx, m) })
	}
	if f.traits.patience > 0 {
		h.run(ctx, func() error { return f.judge(ctx, client) })
	}
	if f.traits.settles {
		h.run(ctx, func() error { return f.awaitMove(ctx, m) })
	}
	if f.traits.eachMember {
		h.run(ctx, func() error { return f.awaitLoss(ctx, client) })
	}
	return h
}

func (h *helpers) run(ctx context.Context, f func() error) {
	h.running.Go(func() {
		if err := f(); ctx.Err() == nil {
			select {
			case h.found <- err:
			default: // there is a reason already
			}
		}
	})
}

// wait blocks until the helpers have ended.
func (h *helpers) wait() { h.running.Wait() }

// askProgress requests progress at an interval, until that fails or ctx ends. The request goes to the stream that belongs to the metadata of its
// context: with another context than the watch's, to another stream.
func (f *follower) askProgress(ctx, plain context.Context, w clientv3.Watcher) error {
	ticking, stop := ticks(f.traits.progress)
	defer stop()
	if f.traits.asksElsewhere {
		ctx = plain
	}
	for {
		select {
		case <-ticking:
			if err := w.RequestProgress(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var errLost = errors.New("the connection broke")

// awaitLoss blocks until a connection breaks that is open. clientv3 itself would open the watch again, and wait for as long as the member is down.
func (f *follower) awaitLoss(ctx context.Context, client *clientv3.Client) error {
	conn := client.ActiveConnection()
	for state := conn.GetState(); ; state = conn.GetState() {
		if !conn.WaitForStateChange(ctx, state) {
			return ctx.Err()
		}
		if state == connectivity.Ready {
			return errLost
		}
	}
}

var errStale = errors.New("it does not show what another member has")

// errRestored says that a linearizable read was older than what was seen before it: the cluster was restored from a backup.
var errRestored = errors.New("the cluster has gone back")

// probe compares the watch with reads through other members, until the watch is stale or ctx ends.
func (f *follower) probe(ctx context.Context, watched *member) error {
	ticking, stop := ticks(f.traits.probe)
	defer stop()
	witnesses := f.cluster.others(watched)
	if f.traits.probesSameMember || len(witnesses) == 0 {
		witnesses = []*member{watched}
	}
	for next := 0; ; {
		select {
		case <-ticking:
		case <-ctx.Done():
			return ctx.Err()
		}
		before := f.state.reached(f.prefix)
		var resp *clientv3.GetResponse
		var err error
		f.cluster.exclusively(ctx, f.traits.sharesLock, func() {
			bounded, cancel := context.WithTimeout(ctx, f.traits.probeTimeout)
			defer cancel()
			var client *clientv3.Client
			if client, err = witnesses[next%len(witnesses)].etcd(bounded); err == nil {
				resp, err = client.Get(bounded, f.prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly())
			}
		})
		if err != nil || resp == nil {
			next++ // this witness says nothing of the watch
			continue
		}
		switch {
		case (resp.Header.Revision < before || f.state.behind(f.prefix)) && !f.traits.ignoresRestore:
			return errRestored
		case f.state.has(f.prefix, resp):
			continue
		}
		pause(ctx, f.traits.probeGrace)
		if !f.state.has(f.prefix, resp) {
			return errStale
		}
	}
}
