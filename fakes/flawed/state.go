package flawed

import (
	"maps"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// state is what a manager has seen of one cluster. It publishes the view after each change.
type state struct {
	traits  traits
	facts   func(map[string]string) harness.Facts
	publish func(harness.View)
	ready   chan struct{} // closed when every prefix was read

	mu       sync.Mutex
	prefixes map[string]*seen
	complete bool // ready is closed
	history  int  // how often the cluster was found restored from a backup
	err      error
	before   harness.View // what was shown of the cluster at its earlier endpoints
	view     harness.View
}

// seen is what was seen of one prefix.
type seen struct {
	values   map[string]value
	revision int64 // everything up to it was seen
	first    int64 // the revision of the first read
	current  bool  // nothing has gone wrong since
	history  int   // the history of the cluster that it is of, see state.history
}

type value struct {
	value    string
	revision int64
}

func newState(t traits, w *harness.Workload, publish func(harness.View)) *state {
	s := &state{traits: t, facts: w.Facts, publish: publish, ready: make(chan struct{}), prefixes: map[string]*seen{}}
	for _, p := range t.followed(w) {
		s.prefixes[p] = &seen{values: map[string]value{}}
	}
	return s
}

// replace replaces what was seen of a prefix by the result of a read.
func (s *state) replace(prefix string, resp *clientv3.GetResponse) {
	s.change(prefix, func(p *seen) {
		if resp.Header.Revision < p.revision && p.history == s.history {
			s.history++
		}
		p.history = s.history
		p.revision, p.current, p.values = resp.Header.Revision, true, map[string]value{}
		if p.first == 0 {
			p.first = p.revision
		}
		p.add(resp)
	})
}

// extend adds a further part of a read.
func (s *state) extend(prefix string, resp *clientv3.GetResponse) {
	s.change(prefix, func(p *seen) { p.add(resp) })
}

func (p *seen) add(resp *clientv3.GetResponse) {
	for _, kv := range resp.Kvs {
		p.values[string(kv.Key)] = value{string(kv.Value), kv.ModRevision}
	}
}

// take applies the events of a watch response to a prefix. A watch that resumes may deliver events that are known.
func (s *state) take(prefix string, resp clientv3.WatchResponse) {
	events := resp.Events
	if n := len(events); s.traits.lastEventOnly && n > 1 {
		events = events[n-1:]
	}
	if s.traits.resumesFromZero {
		reached := s.reached(prefix)
		for _, e := range events {
			if e.Kv.ModRevision <= reached {
				s.change(prefix, func(p *seen) { s.apply(p, e) })
			}
		}
	}
	if s.traits.showsEachEvent {
		for _, e := range events {
			s.change(prefix, func(p *seen) {
				if e.Kv.ModRevision > p.revision {
					s.apply(p, e)
				}
			})
		}
	}
	s.change(prefix, func(p *seen) {
		for _, e := range events {
			if e.Kv.ModRevision > p.revision {
				s.apply(p, e)
			}
		}
		if n := len(resp.Events); n > 0 {
			p.revision = max(p.revision, resp.Events[n-1].Kv.ModRevision)
		}
		if s.traits.trustsHeaders {
			p.revision = max(p.revision, resp.Header.Revision)
		}
	})
}

func (s *state) apply(p *seen, e *clientv3.Event) {
	switch {
	case e.Type != clientv3.EventTypeDelete:
		p.values[string(e.Kv.Key)] = value{string(e.Kv.Value), e.Kv.ModRevision}
	case !s.traits.dropsDeletes:
		delete(p.values, string(e.Kv.Key))
	}
}

// has says whether what was seen of a prefix is at least as new as a read of its keys. If it is, everything up to the read's revision was seen.
func (s *state) has(prefix string, resp *clientv3.GetResponse) (has bool) {
	s.mu.Lock()
	p := s.prefixes[prefix]
	has = p.revision >= resp.Header.Revision || p.includes(resp)
	advance := has && p.revision < resp.Header.Revision
	s.mu.Unlock()
	if advance {
		s.change(prefix, func(p *seen) { p.revision = max(p.revision, resp.Header.Revision) })
	}
	return has
}

// includes says whether no key of a read is newer, and no key is missing from the read that was older.
func (p *seen) includes(resp *clientv3.GetResponse) bool {
	read := map[string]bool{}
	for _, kv := range resp.Kvs {
		read[string(kv.Key)] = true
		if p.values[string(kv.Key)].revision < kv.ModRevision {
			return false
		}
	}
	for key, v := range p.values {
		if !read[key] && v.revision <= resp.Header.Revision {
			return false
		}
	}
	return true
}

// behind says whether another prefix was found to be restored from a backup since this one was read.
func (s *state) behind(prefix string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prefixes[prefix].history < s.history
}

// reached is the revision up to which everything of a prefix was seen; zero before the first read.
func (s *state) reached(prefix string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prefixes[prefix].revision
}

// attached notes that a watch of a prefix has begun.
func (s *state) attached(prefix string) {
	s.change(prefix, func(p *seen) {
		p.current = true
		if s.traits.forgetsRevision {
			p.revision = p.first
		}
	})
}

// forget removes everything that was seen of a prefix.
func (s *state) forget(prefix string) { s.change(prefix, func(p *seen) { clear(p.values) }) }

// fail notes an error of following a prefix. What was seen of the prefix stays.
func (s *state) fail(prefix string, err error) {
	s.change(prefix, func(p *seen) {
		p.current = false
		s.err = err
	})
}

// change changes what was seen of a prefix and publishes the resulting view. It publishes under the lock, so views are published in order.
func (s *state) change(prefix string, f func(*seen)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.prefixes[prefix])
	s.view = s.merge()
	if s.view.Revision > 0 && !s.complete {
		s.complete = true
		close(s.ready)
	}
	if !s.complete && s.before.Facts != nil {
		s.view = harness.View{Facts: s.before.Facts, Revision: s.before.Revision, Health: harness.OutOfDate, Err: s.err}
	}
	s.publish(s.view)
}

// last is the view that was published last.
func (s *state) last() harness.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view
}

// merge is the view that results from all prefixes. The caller holds s.mu.
func (s *state) merge() harness.View {
	v := harness.View{Health: harness.UpToDate, Err: s.err}
	values := map[string]string{}
	oldest := &seen{history: s.history + 1}
	for _, p := range s.prefixes {
		for key, value := range maps.All(p.values) {
			values[key] = value.value
		}
		// Revisions of different histories cannot be compared. The prefixes that have not been read since a restore decide.
		if p.history < oldest.history || p.history == oldest.history && p.revision < oldest.revision {
			oldest = p
		}
		if !p.current {
			v.Health = harness.OutOfDate
		}
	}
	v.Revision, v.Facts = oldest.revision, s.facts(values)
	return v
}
