package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// viewObserver records every change of what the manager shows of one cluster during one tenure. It calls View once every Observe. If the manager is
// a [Pusher], the pushed views count as what the manager shows; the calls of View then only check that the manager answers, and that it does not
// keep answering with other facts than it pushed.
type viewObserver struct {
	cluster *Cluster
	of      *managed
	manager Manager
	claims  *claimObserver // nil if the manager claims nothing
	pusher  bool
	stop    chan struct{}
	asked   atomic.Pointer[time.Time] // when the call of View under way began; nil if none is under way

	mu       sync.Mutex
	over     bool
	pushed   View      // the last view that a Pusher pushed
	differs  time.Time // since when View of a Pusher has returned other facts than it pushed; zero while it does not
	shown    map[record.Subject]string
	revision int64
	absent   bool
	claim    record.Claim
	err      error
}

// begin begins a tenure and starts to observe its view. The manager is about to be given the cluster.
func (m *managed) begin(c *Cluster) {
	o := &viewObserver{cluster: c, of: m, manager: m.manager, stop: make(chan struct{}), shown: map[record.Subject]string{}, absent: true}
	_, o.pusher = m.manager.(Pusher)
	o.claims = m.claimsOf(c)
	m.recorder.Given(c.name)
	m.views[c].Store(o)
	c.world.observers.Go(func() { o.watch(c.world.ctx) })
}

// end ends the tenure, if there is one: what the manager shows of the cluster is not recorded any more.
func (m *managed) end(c *Cluster) {
	if o := m.views[c].Swap(nil); o != nil {
		o.checkAnswered()
		o.mu.Lock()
		o.over = true
		o.mu.Unlock()
		o.claims.end()
		close(o.stop)
	}
}

// pushed records a view that the manager pushed. The manager calls it through Pusher.Push.
func (m *managed) pushed(cluster string, v View) {
	o, ok := m.observer(cluster, "view")
	if ok && o != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.pushed = v
		o.see(v, true)
	}
}

// observer is the observer of a cluster of which the manager has pushed something; nil if the manager does not manage it. ok is false if there is
// no such cluster.
func (m *managed) observer(cluster, what string) (o *viewObserver, ok bool) {
	c, err := m.world.Find(cluster)
	if err != nil {
		m.recorder.Answer(record.Answer{Problem: fmt.Sprintf("the manager pushed a %s of %q, and no cluster is called so", what, cluster)})
		return nil, false
	}
	return m.views[c].Load(), true
}

// watch calls View once every Observe until the tenure is over or ctx ends. The calls are made in a goroutine of its own, since View may block or
// panic; a View that never returns keeps only that goroutine. While View has not returned, it is not called again.
func (o *viewObserver) watch(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go o.of.do(func() { each(ctx, o.cluster.world.timing.Observe, o.ask) })
	ticker := time.NewTicker(o.cluster.world.timing.Election)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			o.checkAnswered()
		case <-o.stop:
			return
		case <-ctx.Done():
			return
		}
	}
}

// answer is the outcome of one call of View.
type answer struct {
	view  View
	ok    bool
	panic error
}

// ask calls View once and records the answer.
func (o *viewObserver) ask() {
	began := time.Now()
	o.asked.Store(&began)
	var g answer
	g.panic = catch(func() { g.view, g.ok = o.manager.View(o.cluster.name) })
	o.asked.Store(nil)
	o.claims.ask()
	limit := o.cluster.world.Bounds().Look()
	switch took := time.Since(began); {
	case g.panic != nil:
		o.problem(true, "View panicked: %v", g.panic)
	case took > limit:
		o.problem(false, "View took %v, allowed %v", took, limit)
	}
	o.take(g)
}

// checkAnswered records a problem if View has not answered in time. This is recorded again at intervals, so that the record shows for how long no
// view was seen.
func (o *viewObserver) checkAnswered() {
	limit := o.cluster.world.Bounds().Look()
	if asked := o.asked.Load(); asked != nil && time.Since(*asked) > limit {
		o.problem(true, "View has not answered after %v, allowed %v", time.Since(*asked), limit)
	}
}

// problem records that View did not answer as it must. unseen says that no view was seen.
func (o *viewObserver) problem(unseen bool, format string, args ...any) {
	o.mu.Lock()
	over := o.over
	o.mu.Unlock()
	if !over {
		o.of.recorder.Answer(record.Answer{Cluster: o.cluster.name, Problem: fmt.Sprintf(format, args...), Unseen: unseen})
	}
}

// take records the answer of a call of View. The answer of a Pusher may be newer than the last pushed view, since the push may still be on its
// way; so for a Pusher the pushed view is recorded.
func (o *viewObserver) take(g answer) {
	if g.panic != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.pusher || !g.ok {
		o.see(g.view, g.ok)
		return
	}
	o.see(o.pushed, true)
	o.compare(g.view)
}

// compare records a problem if View of a Pusher returns other facts than it pushed for longer than calm. The caller holds o.mu.
func (o *viewObserver) compare(v View) {
	switch limit := o.cluster.world.Bounds().Calm(); {
	case maps.Equal(v.Facts, o.pushed.Facts):
		o.differs = time.Time{}
	case o.differs.IsZero():
		o.differs = time.Now()
	case time.Since(o.differs) > limit:
		o.differs = time.Now()
		o.of.recorder.Answer(record.Answer{
			Cluster: o.cluster.name, Problem: fmt.Sprintf("View has shown other facts than were pushed for %v", limit),
		})
	}
}

// see records the difference between a view and the one before. The caller holds o.mu.
func (o *viewObserver) see(v View, ok bool) {
	if o.over {
		return
	}
	rec, name := o.of.recorder, o.cluster.name
	if !ok {
		v.Facts = nil // facts of a cluster that the manager says it does not manage do not count
	}
	changes := o.changes(v.Facts)
	if ok && v.Revision != o.revision || len(changes) > 0 || !ok && !o.absent {
		if ok {
			o.revision = v.Revision
		}
		rec.View(record.View{Cluster: name, Revision: o.revision, Changes: changes, Absent: !ok})
	}
	o.absent = !ok
	if claim := claims[v.Health]; ok && claim != o.claim {
		o.claim = claim
		rec.Health(record.Health{Cluster: name, Claim: claim})
	}
	if v.Err != nil && !sameError(v.Err, o.err) {
		e := record.ViewError{Cluster: name, Text: v.Err.Error()}
		var idle IdleTimeout
		if errors.As(v.Err, &idle) {
			e.Idle = idle.IdleTimeout()
		}
		rec.Error(e)
	}
	o.err = v.Err
}

var claims = map[Health]record.Claim{
	HealthUnknown: record.ClaimsNothing, UpToDate: record.ClaimsUpToDate, OutOfDate: record.ClaimsOutOfDate,
}

// changes updates o.shown to the facts and returns the differences, sorted by subject. It ignores facts of kinds that the candidate does not show.
func (o *viewObserver) changes(facts Facts) []record.Change {
	var changes []record.Change
	note := func(s record.Subject, value string) {
		if o.shown[s] != value {
			o.shown[s] = value
			changes = append(changes, record.Change{Subject: s, Value: value})
		}
	}
	for s, value := range facts {
		if slices.ContainsFunc(o.cluster.world.kinds, func(k Kind) bool { return k.Name == s.Kind }) {
			note(s, value)
		}
	}
	for s := range maps.Keys(o.shown) {
		if _, shown := facts[s]; !shown {
			note(s, "")
		}
	}
	slices.SortFunc(changes, func(x, y record.Change) int { return x.Subject.Compare(y.Subject) })
	return changes
}

// sameError compares two errors. Errors of a type that == cannot compare are the same if their texts are.
func sameError(a, b error) bool {
	if a == nil || b == nil {
		return a == b
	}
	if reflect.TypeOf(a).Comparable() && reflect.TypeOf(b).Comparable() {
		return a == b
	}
	return a.Error() == b.Error()
}
