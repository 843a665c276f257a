package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// viewObserver records every change of what the manager shows of one cluster during one tenure. It calls View once every Observe. If the manager is
// a [Pusher], the pushed views count as what the manager shows; the calls of View then only check that the manager answers, and that it does not
// keep answering with other facts than it pushed.
type viewObserver struct {
	cluster *Cluster
	manager Manager
	pusher  bool
	stop    chan struct{}

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
func (c *Cluster) begin(m *managed) {
	o := &viewObserver{cluster: c, manager: m.manager, stop: make(chan struct{}), shown: map[record.Subject]string{}, absent: true}
	_, o.pusher = m.manager.(Pusher)
	c.world.recorder.Given(c.name)
	c.view.Store(o)
	c.world.observers.Go(func() { o.watch(c.world.ctx) })
}

// end ends the tenure, if there is one: what the manager shows of the cluster is not recorded any more.
func (c *Cluster) end() {
	if o := c.view.Swap(nil); o != nil {
		o.mu.Lock()
		o.over = true
		o.mu.Unlock()
		close(o.stop)
	}
}

// pushed records a view that the manager pushed. The manager calls it through Pusher.Push.
func (w *World) pushed(cluster string, v View) {
	c, err := w.Find(cluster)
	if err != nil {
		w.recorder.Answer(record.Answer{Problem: fmt.Sprintf("the manager pushed a view of %q, and no cluster is called so", cluster)})
		return
	}
	if o := c.view.Load(); o != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.pushed = v
		o.see(v, true)
	}
}

// watch calls View once every Observe until the tenure is over or ctx ends. It calls it in a goroutine of its own, since View may block or panic.
// While View has not returned, it is not called again.
func (o *viewObserver) watch(ctx context.Context) {
	asked, answers := make(chan struct{}), make(chan answer, 1)
	defer close(asked)
	go o.cluster.world.asManager(func() {
		for range asked {
			answers <- o.ask()
		}
	})
	ticker := time.NewTicker(o.cluster.world.timing.Observe)
	defer ticker.Stop()
	for {
		select {
		case asked <- struct{}{}:
			if !o.await(ctx, answers) {
				return
			}
		case <-o.stop:
			return
		case <-ctx.Done():
			return
		}
		select {
		case <-ticker.C:
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
	took  time.Duration
}

// ask calls View once.
func (o *viewObserver) ask() (g answer) {
	began := time.Now()
	g.panic = catch(func() { g.view, g.ok = o.manager.View(o.cluster.name) })
	g.took = time.Since(began)
	return g
}

// await waits for the answer of a call of View and records it. It returns false if the tenure is over or ctx ends first.
func (o *viewObserver) await(ctx context.Context, answers <-chan answer) bool {
	rec, name, limit := o.cluster.world.recorder, o.cluster.name, o.cluster.world.Bounds().Look()
	late := time.NewTimer(limit)
	defer late.Stop()
	problem := func(unseen bool, format string, args ...any) {
		rec.Answer(record.Answer{Cluster: name, Problem: fmt.Sprintf(format, args...), Unseen: unseen})
	}
	asked := time.Now()
	for {
		select {
		case g := <-answers:
			switch {
			case g.panic != nil:
				problem(true, "View panicked: %v", g.panic)
			case g.took > limit:
				problem(false, "View took %v, allowed %v", g.took, limit)
			}
			o.take(g)
			return true
		case <-late.C:
			// We record this again at intervals, so that the record shows for how long no view was seen.
			problem(true, "View has not answered after %v, allowed %v", time.Since(asked), limit)
			late.Reset(o.cluster.world.timing.Election)
		case <-o.stop:
			return false
		case <-ctx.Done():
			return false
		}
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
		o.cluster.world.recorder.Answer(record.Answer{
			Cluster: o.cluster.name, Problem: fmt.Sprintf("View has shown other facts than were pushed for %v", limit),
		})
	}
}

// see records the difference between a view and the one before. The caller holds o.mu.
func (o *viewObserver) see(v View, ok bool) {
	if o.over {
		return
	}
	rec, name := o.cluster.world.recorder, o.cluster.name
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
