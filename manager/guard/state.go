package guard

import (
	"maps"
	"math"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// Value is what a key holds.
type Value struct {
	Value string
	// CreateRevision is that of the write that made the key, ModRevision that of the last write. A key deleted and made
	// again has another CreateRevision.
	CreateRevision, ModRevision int64
}

// state is what a watch knows, merged key by key from what its readers deliver.
//
// Each reader claims for itself alone up to which revision it has delivered everything. Whichever is first wins, what
// the other says later is dropped key by key, and what the first left out the other still adds. So the state never goes
// back, and one member's lie or silence hides nothing that the other one knows.
type state struct {
	// values are the keys that exist. Once they were handed out they are copied before the next change.
	values    map[string]Value
	handedOut bool
	// touched says that values changed since the last snapshot.
	touched bool
	// versions has the newest mod revision known of every key. Deleted ones stay as long as a reader may still tell of
	// their earlier life.
	versions map[string]version
	// tombstones are the deleted ones, about in the order of their deletion.
	tombstones []tombstone
	// revision is the newest up to which a reader has delivered everything.
	revision int64
	// clusterID is etcd's; zero until a member told it.
	clusterID uint64
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
	// held has the mod revision of every key under the prefix, as of reached.
	held map[string]int64
	// reached is the revision up to which the reader has delivered everything. Only snapshots, events and probes raise
	// it, never a progress answer: a member that withholds events may still answer progress, and ahead of them.
	reached int64
	// floor is the revision after which the reader may still tell of things past.
	floor int64
	// member is the one that the reader is attached to or tries, endpoint the one that it is attached to; nil and empty
	// between.
	member   *member
	endpoint string
	// proven is when the reader was last known to miss nothing.
	proven time.Time
}

// nothingToTell is the floor of a reader that has no stream: its next one begins with a snapshot.
const nothingToTell = math.MaxInt64

func newState(readers int) state {
	s := state{values: make(map[string]Value), versions: make(map[string]version)}
	for range readers {
		s.positions = append(s.positions, &position{held: make(map[string]int64), floor: nothingToTell})
	}
	return s
}

// belongs notes which cluster a member that answered belongs to.
func (s *state) belongs(clusterID uint64) {
	if clusterID != 0 {
		s.clusterID = clusterID
	}
}

// take merges events that a reader was sent.
func (s *state) take(p *position, events []*mvccpb.Event) {
	known := p.reached
	for _, event := range events {
		// A watch begins with what was reached, so that its first events may be known.
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

// replace merges a snapshot that a reader took. Begun is when it was asked for.
func (s *state) replace(p *position, resp *pb.RangeResponse, begun time.Time) {
	at := resp.Header.Revision
	present := make(map[string]int64, len(resp.Kvs))
	for _, kv := range resp.Kvs {
		present[string(kv.Key)] = kv.ModRevision
		s.merge(kv, false)
	}
	for key, known := range s.versions {
		if _, ok := present[key]; !ok && !known.deleted && known.revision <= at {
			s.bury(key, at)
		}
	}
	p.held, p.reached, p.floor, p.proven = present, at, at, begun
	s.prune()
}

// advance notes that nothing happened under the prefix between what a reader reached and a revision.
func (s *state) advance(p *position, to int64) {
	p.reached, p.floor = to, to
	s.prune()
}

// detach notes that a reader has no member any more. Beside another reader it always comes back with a snapshot: to let it
// resume, the watch would have to remember every key deleted meanwhile.
func (s *state) detach(p *position) {
	p.member, p.endpoint = nil, ""
	if len(s.positions) > 1 {
		p.floor = nothingToTell
	}
}

// merge takes in what a reader says of a key, unless it is known already or outdated.
func (s *state) merge(kv *mvccpb.KeyValue, deleted bool) {
	key := string(kv.Key)
	switch {
	case kv.ModRevision <= s.versions[key].revision:
	case deleted:
		s.bury(key, kv.ModRevision)
	default:
		s.versions[key] = version{revision: kv.ModRevision}
		s.own()
		s.values[key] = Value{Value: string(kv.Value), CreateRevision: kv.CreateRevision, ModRevision: kv.ModRevision}
	}
}

func (s *state) bury(key string, revision int64) {
	s.versions[key] = version{revision: revision, deleted: true}
	s.tombstones = append(s.tombstones, tombstone{key: key, revision: revision})
	if _, ok := s.values[key]; ok {
		s.own()
		delete(s.values, key)
	}
}

// own makes sure that nobody else has the map of values, which is about to change.
func (s *state) own() {
	s.touched = true
	if s.handedOut {
		s.values, s.handedOut = maps.Clone(s.values), false
	}
}

// prune forgets deleted keys of which no reader can tell any more.
func (s *state) prune() {
	floor := int64(math.MaxInt64)
	for _, p := range s.positions {
		floor = min(floor, p.floor)
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
	next := Snapshot{Values: s.values, Revision: s.revision, ClusterID: s.clusterID}
	s.handedOut = true
	for _, p := range s.positions {
		next.Revision = max(next.Revision, p.reached)
		if next.Endpoint == "" {
			next.Endpoint = p.endpoint
		}
		if p.proven.After(next.Proven) {
			next.Proven = p.proven
		}
	}
	s.revision = next.Revision
	next.Healthy = next.Endpoint != ""
	return next
}
