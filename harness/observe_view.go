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

// viewObserver sees what the manager shows of one cluster during one tenure, and records what changed. It looks every Observe. A [Pusher] tells it
// of every view besides; then those are what the manager shows, and a look only sees whether the manager answers, and answers with
// one of them.
type viewObserver struct {
	cluster *Cluster
	manager Manager
	pusher  bool
	stop    chan struct{}

	mu       sync.Mutex
	over     bool
	pushed   View      // the last, of a pusher
	differs  time.Time // since when View of a pusher has shown other facts; zero while it does not
	shown    map[record.Subject]string
	revision int64
	absent   bool
	err      error
}

// begin begins a tenure: the manager is given the cluster.
func (c *Cluster) begin(m *managed) {
	o := &viewObserver{cluster: c, manager: m.manager, stop: make(chan struct{}), shown: map[record.Subject]string{}, absent: true}
	_, o.pusher = m.manager.(Pusher)
	c.world.recorder.Given(c.name)
	c.view.Store(o)
	c.world.observers.Go(func() { o.watch(c.world.ctx) })
}

// end ends the tenure: nothing that the manager shows of the cluster is recorded any more.
func (c *Cluster) end() {
	if o := c.view.Swap(nil); o != nil {
		o.mu.Lock()
		o.over = true
		o.mu.Unlock()
		close(o.stop)
	}
}

// pushed takes in a view that the manager pushed.
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

// watch looks at the view until the tenure is over. View is called on a goroutine of its own, since it may block or panic; while it has not
// answered it is not called again.
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

// answer is one answer of View's.
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

// await takes an answer in. It is false if the tenure was over first.
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
			// Said again and again, so that the record knows since when nothing was seen.
			problem(true, "View has not answered after %v, allowed %v", time.Since(asked), limit)
			late.Reset(o.cluster.world.timing.Election)
		case <-o.stop:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// take takes in what a call of View gave. Of a pusher it may be newer than what was pushed, which is on its way then.
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

// compare complains of a pusher whose View goes on showing other facts than it pushed. The caller holds o.mu.
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

// see records what differs from what was shown before. The caller holds o.mu.
func (o *viewObserver) see(v View, ok bool) {
	if o.over {
		return
	}
	rec, name := o.cluster.world.recorder, o.cluster.name
	if !ok {
		v.Facts = nil // whatever it shows of a cluster that it says it does not manage
	}
	changes := o.changes(v.Facts)
	if ok && v.Revision != o.revision || len(changes) > 0 || !ok && !o.absent {
		if ok {
			o.revision = v.Revision
		}
		rec.View(record.View{Cluster: name, Revision: o.revision, Changes: changes, Absent: !ok})
	}
	o.absent = !ok
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

// changes brings what was shown up to the facts and returns what differed, in a fixed order. Facts of kinds that the candidate does not
// show are not looked at.
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

// sameError compares errors that may be of a type that == cannot compare.
func sameError(a, b error) bool {
	if a == nil || b == nil {
		return a == b
	}
	if reflect.TypeOf(a).Comparable() && reflect.TypeOf(b).Comparable() {
		return a == b
	}
	return a.Error() == b.Error()
}
