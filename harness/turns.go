package harness

import (
	"context"
	"time"
)

// Turns is how an actor paces its updates, so that a scenario can bring a cluster's load to rest and know when it is:
//
//	turns := cluster.Turns()
//	defer turns.End()
//	for turns.Next(ctx, interval) {
//		… commit one update …
//	}
type Turns struct {
	cluster *Cluster
	taken   bool
}

// Turns begins an actor's turns on the cluster.
func (c *Cluster) Turns() *Turns { return &Turns{cluster: c} }

// Next ends the last turn, waits for every and, if the load rests, until it goes on, and takes the next turn. It is false when ctx
// ended first.
func (t *Turns) Next(ctx context.Context, every time.Duration) bool {
	t.End()
	timer := time.NewTimer(every)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	for {
		quiet := t.take()
		if quiet == nil {
			return true
		}
		select {
		case <-quiet:
		case <-ctx.Done():
			return false
		}
	}
}

// take takes a turn, or returns what to wait for.
func (t *Turns) take() <-chan struct{} {
	c := t.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quiet != nil {
		return c.quiet
	}
	c.turns++
	t.taken = true
	return nil
}

// End ends the turn under way, if there is one.
func (t *Turns) End() {
	if !t.taken {
		return
	}
	t.taken = false
	t.cluster.mu.Lock()
	defer t.cluster.mu.Unlock()
	t.cluster.turns--
}

// Quiet brings the cluster's load to rest and returns when no update is under way; resume lets it go on. Leases are refreshed all
// the same. An update that cannot be committed within an election's time ends the scenario.
func (c *Cluster) Quiet() (resume func()) {
	quiet := make(chan struct{})
	c.mu.Lock()
	if c.quiet != nil {
		c.mu.Unlock()
		return func() {}
	}
	c.quiet = quiet
	c.mu.Unlock()
	if !c.world.await(c.world.Bounds().LostLeader(), c.rests) {
		c.world.fail("cluster %s: an update is still under way %v after the load was told to rest", c.name, c.world.Bounds().LostLeader())
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.quiet == quiet {
			close(quiet)
			c.quiet = nil
		}
	}
}

func (c *Cluster) rests() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.turns == 0
}
