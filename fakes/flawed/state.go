package flawed

import (
	"maps"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// state is what a manager has seen of one cluster. It publishes the view after each change.
type state struct {
	facts   func(map[string]string) harness.Facts
	publish func(harness.View)

	mu       sync.Mutex
	prefixes map[string]*seen
	err      error
}

// seen is what was seen of one prefix.
type seen struct {
	values   map[string]string
	revision int64
	current  bool // nothing has gone wrong since the last read
}

func newState(prefixes []string, facts func(map[string]string) harness.Facts, publish func(harness.View)) *state {
	s := &state{facts: facts, publish: publish, prefixes: map[string]*seen{}}
	for _, p := range prefixes {
		s.prefixes[p] = &seen{}
	}
	return s
}

// replace replaces what was seen of a prefix by the result of a read.
func (s *state) replace(prefix string, resp *clientv3.GetResponse) {
	s.change(prefix, func(p *seen) {
		p.revision, p.current, p.values = resp.Header.Revision, true, map[string]string{}
		for _, kv := range resp.Kvs {
			p.values[string(kv.Key)] = string(kv.Value)
		}
	})
}

// apply applies the events of a watch response to a prefix.
func (s *state) apply(prefix string, resp clientv3.WatchResponse) {
	s.change(prefix, func(p *seen) {
		p.revision = max(p.revision, resp.Header.Revision)
		for _, e := range resp.Events {
			if e.Type == clientv3.EventTypeDelete {
				delete(p.values, string(e.Kv.Key))
			} else {
				p.values[string(e.Kv.Key)] = string(e.Kv.Value)
			}
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
	s.publish(s.view())
}

// view is the view that results from all prefixes. The caller holds s.mu.
func (s *state) view() harness.View {
	v := harness.View{Health: harness.UpToDate, Err: s.err}
	values := map[string]string{}
	first := true
	for _, p := range s.prefixes {
		maps.Copy(values, p.values)
		if first || p.revision < v.Revision {
			v.Revision = p.revision
		}
		first = false
		if !p.current {
			v.Health = harness.OutOfDate
		}
	}
	v.Facts = s.facts(values)
	return v
}
