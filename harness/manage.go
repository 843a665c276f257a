package harness

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Placement says to which member of its cluster the manager must be attached when StartManager returns. [WatchOn] makes one.
type Placement struct{ on Referrer }

// WatchOn attaches the manager to one member of a cluster: while the manager starts, only the link of that member is open. So its watches are on
// that member or, if it polls, its connections.
func WatchOn(on Referrer) Placement { return Placement{on} }

// StartManager starts the manager on all clusters. It blocks until the view of each is fresh and the manager is attached as the placements say. If
// that takes longer than [bound.Bounds.Start], the run has failed and the scenario ends.
func (w *World) StartManager(placements ...Placement) {
	if len(w.managers) > 0 {
		w.fail("the scenario starts its manager twice")
	}
	members := make([]*Member, len(placements))
	for i, p := range placements {
		m, err := w.Resolve(p.on.Ref())
		if err != nil {
			w.fail("place the manager: %w", err)
		}
		members[i] = m
	}
	open := w.place(members)
	first := w.enlist()
	first.start()
	for _, m := range members {
		w.requireAttached(m)
	}
	open()
	first.recorder.ManagerReady()
}

// StartRival starts a further manager of the same candidate, with clients of its own, on all clusters. It blocks as StartManager does. Every oracle
// judges each manager by itself; "one owner" judges them together. The requirements of the scenario are those of the first manager.
func (w *World) StartRival() {
	switch {
	case w.first() == nil:
		w.fail("StartRival before StartManager, or after its Close")
	case len(w.managers) == point.Managers:
		w.fail("a world has %d managers at most", point.Managers)
	}
	rival := w.enlist()
	rival.start()
	rival.recorder.ManagerReady()
}

// place closes the links of the other members in the cluster of each given member, so that the manager can only attach to that member. open opens
// the links again.
func (w *World) place(on []*Member) (open func()) {
	var closed []*point.Thrown
	for _, p := range on {
		for _, m := range p.cluster.Members() {
			if m == p {
				continue
			}
			t, err := w.board.Throw(w.path(m, point.ClientAccept), point.Decision{Kind: point.Refuse}.Terms())
			if err != nil {
				w.fail("place the manager on %s: %w", p, err)
			}
			closed = append(closed, t)
		}
	}
	return func() {
		for _, t := range closed {
			t.Heal()
		}
	}
}

// requireAttached fails the run if the manager is not attached to this member, the only one of its cluster that it could reach.
func (w *World) requireAttached(m *Member) {
	var on []*Member
	w.require("start", m.cluster.name, func() error {
		if w.await(w.Bounds().Calm(), func() bool {
			on = m.cluster.AttachedMembers()
			return len(on) == 1 && on[0] == m
		}) {
			return nil
		}
		if len(on) == 0 {
			return fmt.Errorf("the manager shows %s and has neither a watch nor a connection there; a manager that polls says so in its candidate", m.cluster)
		}
		return fmt.Errorf("the manager should be attached to %s, it is to %v", m, on)
	})
}

// apply calls the manager's Apply with a context that ends after the bound on a start. It waits twice that time for Apply to return, so that the
// evidence can distinguish an Apply that is late from one that never returns. since is when the tenures of the new clusters began.
func (m *managed) apply(name string, clusters []*Cluster, since time.Duration) {
	w := m.world
	limit := w.Bounds().Start(1)
	for _, c := range clusters {
		limit = max(limit, w.Bounds().Start(len(c.Members())))
	}
	ctx, cancel := context.WithTimeout(w.ctx, limit)
	defer cancel()
	targets := m.targets(clusters)
	applied := make(chan error, 1)
	go m.do(func() {
		var err error
		if caught := catch(func() { err = m.manager.Apply(ctx, targets) }); caught != nil {
			err = fmt.Errorf("it panicked: %w", caught)
		}
		applied <- err
	})
	var failure error
	timer := time.NewTimer(2 * limit)
	defer timer.Stop()
	select {
	case err := <-applied:
		if err != nil {
			failure = fmt.Errorf("Apply of %v: %w", clusters, err)
		}
	case <-timer.C:
		failure = fmt.Errorf("Apply of %v has not returned after %v, its context ended after %v", clusters, 2*limit, limit)
	}
	if failure != nil {
		// A manager whose Apply failed manages no clusters: no view is required of it.
		gone, _ := m.set(nil)
		for _, c := range gone {
			m.end(c)
		}
		m.recorder.Refused(since)
	}
	w.require(name, "", func() error { return failure })
}

// Manage makes the given clusters the first manager's complete set, as a reload of its configuration does. It blocks until the manager's Apply has
// returned. If Apply returns an error, or takes longer than twice the bound on a start, the run has failed and the scenario ends.
func (w *World) Manage(clusters ...*Cluster) {
	m := w.first()
	if m == nil {
		w.fail("Manage before StartManager")
	}
	since := w.Elapsed()
	gone, given := m.set(clusters)
	for _, c := range gone {
		m.recorder.Taken(c.name)
		m.end(c)
	}
	for _, c := range given {
		m.begin(c)
	}
	m.apply("apply", clusters, since)
	for _, c := range gone {
		w.recordLeftovers("Apply removed "+c.name, c.calm()+c.unrevoked()+c.farewell(), c.leftovers)
	}
}

// targets makes the targets for the manager's next Apply, and records which members they name. The endpoints come in another order each time, as those
// of a name server do.
func (m *managed) targets(clusters []*Cluster) []Target {
	turn := m.applies
	m.applies++
	targets := make([]Target, len(clusters))
	for i, c := range clusters {
		if m.dial[c] == nil {
			m.dial[c] = c.running.DialOptions(m.number)
		}
		t := Target{Cluster: c.name, DialOptions: slices.Clone(m.dial[c]), Log: m.log().Named(c.name)}
		members := c.Members()
		for i := range members {
			member := members[(i+turn)%len(members)]
			t.Endpoints = append(t.Endpoints, member.Endpoint())
			m.recorder.Named(c.name, member.name)
		}
		if c.auth {
			t.Username, t.Password = managerUser, userPassword
		}
		if c.certificates != nil {
			t.TLS = c.certificates.Client()
			m.givenTLS(c, t.TLS)
		}
		targets[i] = t
	}
	return targets
}

// catch calls f. If f panics, it returns an error with the value and the place of the panic.
func catch(f func()) (caught error) {
	defer func() {
		if p := recover(); p != nil {
			caught = fmt.Errorf("%v, in %s", p, panicPlace())
		}
	}()
	f()
	return nil
}

// panicPlace returns the place of the panic that is being recovered from: the innermost function that is not the runtime's.
func panicPlace() string {
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") || !more {
			return fmt.Sprintf("%s (%s:%d)", frame.Function, filepath.Base(frame.File), frame.Line)
		}
	}
}

// require calls met. If met returns an error, the manager has failed: the error becomes a failed verdict, and the scenario ends.
func (w *World) require(name, cluster string, met func() error) {
	if err := met(); err != nil {
		e := record.Expectation{Cluster: cluster}
		e.Oracle, e.Outcome, e.Evidence = name, record.Failed, err.Error()
		w.expect(e)
	}
}
