package harness

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Pace is how a program paces its updates, so that a scenario can bring a cluster's load to rest and know when it is:
//
//	pace := ledger.Pace()
//	defer pace.End()
//	for pace.Next(ctx) {
//		… write one update …
//	}
type Pace struct {
	load   *load
	inside bool
}

// load is the load on one cluster: whether it rests, and how many updates are under way.
type load struct {
	every time.Duration

	mu       sync.Mutex
	resting  chan struct{} // closed when the load may go on; nil while it does
	underWay int
}

// Pace begins a program's updates.
func (l *Ledger) Pace() *Pace { return &Pace{load: l.cluster.load} }

// Next ends the last update, waits for a load interval and, if the load is at rest, until it goes on, and begins the next update. It is
// false when ctx ended first.
func (p *Pace) Next(ctx context.Context) bool {
	p.End()
	timer := time.NewTimer(p.load.every)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	for {
		resting := p.begin()
		if resting == nil {
			return true
		}
		select {
		case <-resting:
		case <-ctx.Done():
			return false
		}
	}
}

// begin begins an update, or returns what to wait for.
func (p *Pace) begin() <-chan struct{} {
	p.load.mu.Lock()
	defer p.load.mu.Unlock()
	if p.load.resting != nil {
		return p.load.resting
	}
	p.load.underWay++
	p.inside = true
	return nil
}

// End ends the update under way, if there is one.
func (p *Pace) End() {
	if !p.inside {
		return
	}
	p.inside = false
	p.load.mu.Lock()
	defer p.load.mu.Unlock()
	p.load.underWay--
}

// Rest brings the cluster's load to rest and returns when no update is under way; resume lets it go on. Leases are refreshed all
// the same. An update that cannot be committed within an election's time makes the run one that cannot be judged.
func (c *Cluster) Rest() (resume func()) {
	resume, err := c.BringToRest()
	if err != nil {
		c.world.fail("%w", err)
	}
	return resume
}

// BringToRest is Rest for whoever can go on without: a load that cannot come to rest, because the quorum is lost say, is an error and goes on.
func (c *Cluster) BringToRest() (resume func(), err error) {
	resting := make(chan struct{})
	c.load.mu.Lock()
	if c.load.resting != nil {
		c.load.mu.Unlock()
		return func() {}, nil
	}
	c.load.resting = resting
	c.load.mu.Unlock()
	goOn := func(over func()) {
		c.load.mu.Lock()
		defer c.load.mu.Unlock()
		if c.load.resting == resting {
			over()
			close(resting)
			c.load.resting = nil
		}
	}
	limit := c.world.Bounds().LostLeader()
	if !c.world.await(limit, c.load.atRest) {
		goOn(func() {})
		return nil, fmt.Errorf("cluster %s: an update is still under way %v after the load was told to rest", c.name, limit)
	}
	over := c.world.recorder.Rest(c.name)
	return func() { goOn(over) }, nil
}

func (l *load) atRest() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.underWay == 0
}
