package main

import (
	"context"
	"slices"
	"sync"

	"github.com/zeromicro/go-zero/core/discov"
	"github.com/zeromicro/go-zero/core/logx"

	"github.com/stormwatch/stormwatch/harness"
)

// goZero is go-zero's service discovery. It needs the embedded engine: it makes its clients itself, without the dial options through which a client
// reaches the members in virtual time, and keeps them in a registry of the whole process.
func goZero() harness.Candidate {
	return harness.Candidate{
		Name: "go-zero-discov", Summary: "github.com/zeromicro/go-zero/core/discov, Subscriber (embedded engine only)",
		Workloads: []*harness.Workload{addresses()}, Timing: plain,
		New: func(s harness.Setup) (harness.Manager, error) {
			logx.Disable()
			return harness.Mirror{FollowTarget: subscribe}.New(s)
		},
	}
}

// addresses is the workload of instances whose keys hold their addresses and nothing else, as go-zero's Publisher writes them.
func addresses() *harness.Workload {
	return registry{
		name: "addresses", summary: "Instances whose keys hold their addresses, and which come and go.", prefix: "/services/",
		value: func(_, address string) string { return address },
	}.workload()
}

// subscribe subscribes to the instances until ctx ends, and publishes what Values returns at each call of the listener.
func subscribe(ctx context.Context, target harness.Target, publish func(harness.View)) error {
	made := make(chan error, 1)
	var sub *discov.Subscriber
	go func() { // NewSubscriber blocks until it has read the instances, and has no context
		var err error
		sub, err = discov.NewSubscriber(slices.Clone(target.Endpoints), "/services")
		made <- err
	}()
	select {
	case err := <-made:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return nil
	}
	var one sync.Mutex // the listener is called from another goroutine, and an older view must not be published after a newer one
	show := func() {
		one.Lock()
		defer one.Unlock()
		publish(harness.View{Facts: facts(byName(sub.Values()))})
	}
	sub.AddListener(show)
	show()
	<-ctx.Done()
	sub.Close()
	return nil
}
