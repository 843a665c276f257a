package flawed

import (
	"context"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// rounds is one loop that polls all clusters: it reads them at the same time, and shows what it read when the slowest has answered.
type rounds struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func startRounds(m *manager) *rounds {
	ctx, cancel := context.WithCancel(context.Background())
	r := &rounds{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		for ctx.Err() == nil {
			m.round(ctx)
			pause(ctx, m.traits.poll)
		}
	}()
	return r
}

func (r *rounds) end() {
	r.cancel()
	<-r.done
}

func (m *manager) round(ctx context.Context) {
	var reading sync.WaitGroup
	var mu sync.Mutex
	var show []func()
	for _, c := range m.managed() {
		for _, prefix := range c.traits.followed(m.setup.Workload) {
			reading.Go(func() {
				bounded, cancel := limited(ctx, c.traits.request)
				defer cancel()
				var resp *clientv3.GetResponse
				client, err := c.pick(nil).etcd(bounded)
				if err == nil {
					resp, err = client.Get(bounded, prefix, clientv3.WithPrefix())
				}
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					show = append(show, func() { c.state.fail(prefix, err) })
					return
				}
				show = append(show, func() { c.state.replace(prefix, resp) })
			})
		}
	}
	reading.Wait()
	for _, f := range show {
		f()
	}
}
