package flawed

import (
	"context"
	"errors"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// restartsForNewcomer is a good manager that looks at the member list of each cluster, and begins again with a cluster whose list has changed.
func restartsForNewcomer(good harness.Candidate) harness.Candidate {
	c := good
	c.Name = "restarts-for-newcomer"
	c.Summary = "Forgets what it knows of a cluster when a member joins: it makes its clients anew, and shows nothing meanwhile (tikv/pd #7730)."
	c.Caught = oracle.NothingLost{}.Name()
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := good.New(s)
		if err != nil {
			return nil, err
		}
		return &restarting{Manager: m, setup: s, looking: map[string]context.CancelFunc{}}, nil
	}
	return c
}

// restarting is the good manager, and what looks at the member lists.
type restarting struct {
	harness.Manager
	setup   harness.Setup
	running sync.WaitGroup

	mu      sync.Mutex
	looking map[string]context.CancelFunc // by cluster
	again   lock
	targets []harness.Target
}

// Apply gives the clusters to the good manager and begins to look at their member lists.
func (r *restarting) Apply(ctx context.Context, targets []harness.Target) error {
	r.mu.Lock()
	if r.again == nil {
		r.again = newLock()
	}
	r.targets = targets
	for cluster, stop := range r.looking {
		stop()
		delete(r.looking, cluster)
	}
	for _, t := range targets {
		looking, stop := context.WithCancel(context.Background())
		r.looking[t.Cluster] = stop
		r.running.Go(func() { r.look(looking, t) })
	}
	r.mu.Unlock()
	var err error
	r.again.hold(ctx, func() { err = r.Manager.Apply(ctx, targets) })
	return err
}

// look reads the member list of a cluster once every request timeout. When it changes, the manager lets the cluster go and takes it again.
func (r *restarting) look(ctx context.Context, t harness.Target) {
	config := t.Config()
	dialing(r.setup.Timing.BackoffCap)(&config)
	client, err := clientv3.New(config)
	if err != nil {
		return
	}
	defer client.Close()
	known := 0
	pause(ctx, 2*r.setup.Timing.RequestTimeout)
	for ctx.Err() == nil {
		attempt, cancel := context.WithTimeout(ctx, r.setup.Timing.RequestTimeout)
		resp, err := client.MemberList(attempt)
		cancel()
		if err == nil {
			if n := len(resp.Members); known > 0 && n > known {
				r.restart(ctx, t.Cluster)
			}
			known = len(resp.Members)
		}
		pause(ctx, r.setup.Timing.RequestTimeout)
	}
}

func (r *restarting) restart(ctx context.Context, cluster string) {
	r.again.hold(ctx, func() {
		r.mu.Lock()
		all := r.targets
		r.mu.Unlock()
		var others []harness.Target
		for _, t := range all {
			if t.Cluster != cluster {
				others = append(others, t)
			}
		}
		let := r.Manager.Apply(ctx, others)
		pause(ctx, 2*r.setup.Timing.Heartbeat)          // for the old connections to end
		_ = errors.Join(let, r.Manager.Apply(ctx, all)) // an error shows in the view
	})
}

// Push passes f to the good manager.
func (r *restarting) Push(f func(string, harness.View)) { r.Manager.(harness.Pusher).Push(f) }

// OwnKeys are those of the good manager.
func (r *restarting) OwnKeys(cluster string) []string {
	return r.Manager.(harness.KeyOwner).OwnKeys(cluster)
}

// Close stops looking and closes the good manager.
func (r *restarting) Close() error {
	r.mu.Lock()
	for _, stop := range r.looking {
		stop()
	}
	r.mu.Unlock()
	r.running.Wait()
	return r.Manager.Close()
}
