package guard

import (
	"maps"
	"math"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// Value is the value of a key.
type Value struct {
	Value string
	// CreateRevision is the revision of the write that created the key, ModRevision that of the last write. A key that was
	// deleted and created again has another CreateRevision.
	CreateRevision, ModRevision int64
}

// state is what a watch knows, merged key by key from what its readers deliver.
//
// Each reader has its own revision up to which it has delivered everything. Of each key the state keeps the newest value that
// any reader delivered: older values are ignored, and values that one reader left out are added by the other. So the state
// never goes back, and a member that withholds events hides nothing that the other member delivers.
type state struct {
	// values are the keys that exist. If a snapshot shares the map, it is copied before the next change.
	values    map[string]Value
	handedOut bool
	// touched says that values changed since the last snapshot.
	touched bool
	// versions has the newest mod revision known of every key. A deleted key stays as long as a reader may still deliver
	// events from before its deletion.
	versions map[string]version
	// tombstones are the deleted keys, roughly in the order of their deletion.
	tombstones []tombstone
	// complete is the newest revision of which all keys are known, from a snapshot or a probe. A key without a version did not exist then.
	complete int64
	// revision is the newest revision up to which a reader has delivered everything.
	revision int64
	// clusterID is etcd's cluster id; zero until a member answered.
	clusterID uint64
	// history is the number of the history that all of this belongs to; see Snapshot.History.
	history   int
	positions []*position
}

type version struct {
	revision int64
	deleted  bool
}

type tombstone struct {
	key      string
	revision int64
}

// position is how far one reader has come.
type position struct {
	// history is the history that the reader has read. If it is not the state's, the reader must begin with a snapshot.
	history int
	// held has the mod revision of every key under the prefix, as of reached.
	held map[string]int64
	// reached is the revision up to which the reader has delivered everything. Only snapshots, events and probes raise
	// it, never a progress response: a member that withholds events may still answer progress requests, with a revision
	// past those events.
	reached int64
	// floor is a revision: the reader may still deliver events after it, old ones included.
	floor int64
	// member is the member that the reader is attached to or tries; nil if none. endpoint is the endpoint of the member that
	// it is attached to; empty if none.
	member   *member
	endpoint string
	// proven is when the reader was last known to have delivered everything. unproven says that this was too long ago.
	proven   time.Time
	unproven bool
	// confirmed says that this was found out since the reader attached to its member, by more than its own snapshot.
	confirmed bool
}

// noStream is the floor of a reader without a stream: it can deliver no old events, since it will begin with a snapshot.
const noStream = math.MaxInt64

func newState(readers int) state {
	s := state{values: make(map[string]Value), versions: make(map[string]version)}
	for range readers {
		s.positions = append(s.positions, &position{held: make(map[string]int64), floor: noStream})
	}
	return s
}

// belongs notes the cluster id that a member answered with.
func (s *state) belongs(clusterID uint64) {
	if clusterID != 0 {
		s.clusterID = clusterID
	}
}

// foreign reports whether a cluster id is known to be another than that of the keys.
func (s *state) foreign(clusterID uint64) bool {
	return clusterID != 0 && s.clusterID != 0 && clusterID != s.clusterID
}

// current reports whether the reader has read the history that the state belongs to.
func (s *state) current(p *position) bool { return p.history == s.history }

// contradicts reports whether a snapshot cannot be of the history that the keys belong to, although its revision is high
// enough: it has a key as it was before a write that is known, or another value of the same write.
func (s *state) contradicts(resp *pb.RangeResponse) bool {
	at := resp.Header.Revision
	for _, kv := range resp.Kvs {
		known := s.versions[string(kv.Key)]
		switch {
		case known.revision > at:
			// The other reader has delivered what came after the snapshot.
		case known.revision > kv.ModRevision:
			return true
		case known.revision == 0 && kv.ModRevision <= s.complete && s.complete <= at:
			return true // it was deleted before that revision
		case known.revision == kv.ModRevision && !known.deleted && s.values[string(kv.Key)].Value != string(kv.Value):
			return true
		}
	}
	return false
}

// begin forgets everything and begins another history. The caller adds a snapshot of it at once, so that nobody sees an empty state.
func (s *state) begin(history int) {
	s.history = history
	s.values, s.handedOut, s.touched = make(map[string]Value), false, true
	s.versions, s.tombstones = make(map[string]version), nil
	s.complete, s.revision, s.clusterID = 0, 0, 0
}

// take merges events that a reader received.
func (s *state) take(p *position, events []*mvccpb.Event) {
	known := p.reached
	for _, event := range events {
		// A watch begins at the revision that was reached, so its first events may be known already.
		if event.Kv.ModRevision <= known {
			continue
		}
		deleted := event.Type == mvccpb.Event_DELETE
		if deleted {
			delete(p.held, string(event.Kv.Key))
		} else {
			p.held[string(event.Kv.Key)] = event.Kv.ModRevision
		}
		s.merge(event.Kv, deleted)
		p.reached = event.Kv.ModRevision
	}
	if p.reached > known {
		p.floor = p.reached
		s.prune()
	}
}

// replace merges a snapshot that a reader read. begun is when the read began.
func (s *state) replace(p *position, resp *pb.RangeResponse, begun time.Time) {
	at := resp.Header.Revision
	present := make(map[string]int64, len(resp.Kvs))
	for _, kv := range resp.Kvs {
		present[string(kv.Key)] = kv.ModRevision
		s.merge(kv, false)
	}
	for key, known := range s.versions {
		if _, ok := present[key]; !ok && !known.deleted && known.revision <= at {
			s.addTombstone(key, at)
		}
	}
	p.history, p.held, p.reached, p.floor, p.proven = s.history, present, at, at, begun
	s.complete = max(s.complete, at)
	s.prune()
}

// advance notes that nothing happened under the prefix between the revision that a reader had reached and to.
func (s *state) advance(p *position, to int64) {
	p.reached, p.floor = to, to
	s.complete = max(s.complete, to)
	s.prune()
}

// detach notes that a reader has no member any more. If there is another reader, this one must begin with a snapshot on its next
// member: to let it resume, the state would have to remember every key that is deleted meanwhile.
func (s *state) detach(p *position) {
	p.member, p.endpoint = nil, ""
	if len(s.positions) > 1 {
		p.floor = noStream
	}
}

// merge applies an event or a key of a snapshot, unless it is already known or outdated.
func (s *state) merge(kv *mvccpb.KeyValue, deleted bool) {
	key := string(kv.Key)
	switch {
	case kv.ModRevision <= s.versions[key].revision:
	case s.versions[key].revision == 0 && kv.ModRevision <= s.complete && !deleted:
		// The key was deleted before that revision, and a late reader delivers what was before.
	case deleted:
		s.addTombstone(key, kv.ModRevision)
	default:
		s.versions[key] = version{revision: kv.ModRevision}
		s.own()
		s.values[key] = Value{Value: string(kv.Value), CreateRevision: kv.CreateRevision, ModRevision: kv.ModRevision}
	}
}

// addTombstone deletes a key at a revision and remembers the deletion.
func (s *state) addTombstone(key string, revision int64) {
	s.versions[key] = version{revision: revision, deleted: true}
	s.tombstones = append(s.tombstones, tombstone{key: key, revision: revision})
	if _, ok := s.values[key]; ok {
		s.own()
		delete(s.values, key)
	}
}

// own copies the map of values if a snapshot shares it. It is called before the map is changed.
func (s *state) own() {
	s.touched = true
	if s.handedOut {
		s.values, s.handedOut = maps.Clone(s.values), false
	}
}

// prune removes deleted keys of which no reader can deliver old events any more.
func (s *state) prune() {
	floor := int64(math.MaxInt64)
	for _, p := range s.positions {
		if s.current(p) {
			floor = min(floor, p.floor)
		}
	}
	for len(s.tombstones) > 0 && s.tombstones[0].revision <= floor {
		t := s.tombstones[0]
		s.tombstones = s.tombstones[1:]
		if (s.versions[t.key] == version{revision: t.revision, deleted: true}) {
			delete(s.versions, t.key)
		}
	}
}

// other is the position of the other reader, nil if there is none.
func (s *state) other(p *position) *position {
	for _, o := range s.positions {
		if o != p {
			return o
		}
	}
	return nil
}

// show returns the snapshot of the state.
func (s *state) show() Snapshot {
	next := Snapshot{Values: s.values, Revision: s.revision, ClusterID: s.clusterID, History: s.history}
	s.handedOut = true
	for _, p := range s.positions {
		if !s.current(p) {
			continue
		}
		next.Revision = max(next.Revision, p.reached)
		if next.Endpoint == "" {
			next.Endpoint = p.endpoint
		}
		next.Healthy = next.Healthy || p.endpoint != "" && !p.unproven
		next.Confirmed = next.Confirmed || p.endpoint != "" && p.confirmed
		if p.proven.After(next.Proven) {
			next.Proven = p.proven
		}
	}
	s.revision = next.Revision
	return next
}
