package harness

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Pace makes a program wait between its updates, and lets a scenario stop the load of a cluster and know when no update is under way:
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

// load is the load on one cluster: whether it is stopped, and how many updates are under way.
type load struct {
	every time.Duration

	mu       sync.Mutex
	resting  chan struct{} // closed when the load may go on; nil while it is not stopped
	underWay int
}

// Pace returns the pace for one program. It does not block.
func (l *Ledger) Pace() *Pace { return &Pace{load: l.cluster.load} }

// Next ends the last update and begins the next one. It blocks for a load interval and, if the load is stopped, until it goes on. It returns false
// if ctx ends first.
func (p *Pace) Next(ctx context.Context) bool { return p.NextAfter(ctx, 1) }

// NextAfter is Next after a number of load intervals.
func (p *Pace) NextAfter(ctx context.Context, intervals int) bool {
	p.End()
	timer := time.NewTimer(time.Duration(intervals) * p.load.every)
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

// begin begins an update and returns nil. If the load is stopped, it returns a channel that is closed when the load may go on.
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

// Rest stops the cluster's load and blocks until no update is under way; resume lets the load go on. Programs still refresh their leases. If an
// update is still under way after [bound.Bounds.LostLeader], the scenario ends and the run is not judged.
func (c *Cluster) Rest() (resume func()) {
	resume, err := c.BringToRest()
	if err != nil {
		c.world.fail("%w", err)
	}
	return resume
}

// BringToRest is Rest for a caller that can continue without it. If an update does not end, for example because the quorum is lost, it returns an
// error and the load goes on.
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
