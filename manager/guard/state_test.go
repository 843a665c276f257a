package guard

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.uber.org/zap"
)

// script is the state of a hedged watch. The test plays its two readers.
type script struct {
	*testing.T
	*Watch
}

func newScript(t *testing.T) script {
	o, err := Options{Hedged: true}.Complete()
	require.NoError(t, err)
	cfg := Config{Cluster: "alpha", Endpoints: []string{"a", "b", "c"}, Options: o, Stats: &Stats{}, Logger: zap.NewNop()}
	c := &Client{cfg: cfg, log: zap.NewNop(), pool: newPool(cfg), work: t.Context()}
	c.prober = &prober{client: c}
	return script{t, newWatch(c, "/k/", nil)}
}

// says makes a reader deliver that a key was put at a revision, or deleted if the value is negative.
func (s script) says(reader int, key string, value, revision int64) {
	event := &mvccpb.Event{Kv: &mvccpb.KeyValue{Key: []byte("/k/" + key), ModRevision: revision, CreateRevision: 1}}
	if value < 0 {
		event.Type = mvccpb.Event_DELETE
	} else {
		event.Kv.Value = []byte(strconv.FormatInt(value, 10))
	}
	s.update(nil, func(st *state) { st.take(st.positions[reader], []*mvccpb.Event{event}) })
}

// reads makes a reader read a snapshot. The keys were written at the given revisions, which are also their values.
func (s script) reads(reader int, at int64, keys map[string]int64) {
	resp := &pb.RangeResponse{Header: &pb.ResponseHeader{Revision: at}}
	for key, revision := range keys {
		resp.Kvs = append(resp.Kvs, &mvccpb.KeyValue{
			Key: []byte("/k/" + key), Value: []byte(strconv.FormatInt(revision, 10)), ModRevision: revision, CreateRevision: 1,
		})
	}
	s.update(nil, func(st *state) { st.replace(st.positions[reader], resp, time.Now()) })
}

func (s script) shows(revision int64, want map[string]string) {
	s.Helper()
	got := make(map[string]string)
	for key, value := range s.Snapshot().Values {
		got[strings.TrimPrefix(key, "/k/")] = value.Value
	}
	require.Equal(s, want, got)
	require.Equal(s, revision, s.Snapshot().Revision)
}

func TestTheFirstReaderToDeliverWinsAndTheSecondRepeatsNothing(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, map[string]int64{"a": 5})
	s.reads(1, 10, map[string]int64{"a": 5})
	s.says(0, "a", 20, 11)
	s.says(0, "a", 30, 12)
	s.shows(12, map[string]string{"a": "30"})
	s.says(1, "a", 20, 11)
	s.shows(12, map[string]string{"a": "30"})
	require.Equal(t, int64(11), s.state.positions[1].reached, "it claims only what it delivered itself")
}

func TestALateReaderDoesNotReviveADeletedKey(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, nil)
	s.reads(1, 10, nil)
	s.says(0, "a", 1, 11)
	s.says(0, "a", -1, 12)
	s.says(1, "a", 1, 11)
	s.shows(12, map[string]string{})
	require.NotEmpty(t, s.state.versions, "remembered while a reader may tell of it")
	s.says(1, "a", -1, 12)
	require.Empty(t, s.state.versions)
	require.Empty(t, s.state.tombstones)
}

// A key may have come and gone between what a late reader has delivered and what the other has read.
func TestALateReaderDoesNotReviveAKeyThatWasGoneBeforeASnapshot(t *testing.T) {
	for name, learn := range map[string]func(script){
		"a snapshot": func(s script) { s.reads(1, 20, map[string]int64{"b": 15}) },
		"a probe": func(s script) {
			s.reads(1, 16, map[string]int64{"b": 15})
			s.update(nil, func(st *state) { st.advance(st.positions[1], 20) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.reads(0, 10, nil)
			learn(s)
			s.shows(20, map[string]string{"b": "15"})
			s.says(0, "a", 17, 17)
			s.shows(20, map[string]string{"b": "15"})
			s.says(0, "a", -1, 18)
			s.says(0, "a", 21, 21)
			s.shows(21, map[string]string{"a": "21", "b": "15"})
		})
	}
}

// A watch that resumes receives the last revision again.
func TestWhatIsToldTwiceIsPassedOver(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, map[string]int64{"b": 10})
	s.says(0, "b", 10, 10)
	s.says(0, "a", 1, 11)
	s.says(0, "a", -1, 12)
	s.says(0, "a", -1, 12)
	s.shows(12, map[string]string{"b": "10"})
	require.Empty(t, s.state.tombstones, "a deletion that comes twice leaves no tombstone")
	require.Equal(t, int64(12), s.state.positions[0].reached)
}

func TestWhatOneReaderSkippedTheOtherAdds(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, nil)
	s.reads(1, 10, nil)
	s.says(0, "b", 2, 12)
	s.says(1, "a", 1, 11)
	s.shows(12, map[string]string{"a": "1", "b": "2"})
}

func TestASnapshotIsNoStepBack(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, map[string]int64{"a": 5, "b": 6, "c": 7})
	// The second reader's read is at revision 11 and comes late.
	s.state.positions[1].floor = 10
	s.says(0, "a", -1, 11)
	s.says(0, "b", 20, 12)
	s.says(0, "d", 30, 13)
	s.says(0, "c", -1, 14)
	s.reads(1, 11, map[string]int64{"b": 6, "c": 7})
	s.shows(14, map[string]string{"b": "20", "d": "30"})
}

func TestOnlyAReaderWithAStreamHoldsMemoryBack(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, nil)
	for i := range int64(1000) {
		s.says(0, "a", 1, 11+2*i)
		s.says(0, "a", -1, 12+2*i)
	}
	require.Empty(t, s.state.versions)
	require.Empty(t, s.state.tombstones)
}

func TestAProbeIsWeighedByWhatEachReaderHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.reads(0, 10, map[string]int64{"a": 5})
		s.reads(1, 10, map[string]int64{"a": 5})
		attached := func(reader int) *attachment {
			a := &attachment{
				reader: s.readers[reader], watch: s.Watch, member: s.client.pool.members[reader],
				probes: make(chan probe, 1), grace: time.NewTimer(time.Hour), unproven: time.NewTimer(time.Hour),
			}
			s.client.prober.attached(a)
			return a
		}
		ahead, behind := attached(0), attached(1)
		s.says(0, "b", 2, 12)
		q := s.client.prober.of(s.Watch).question(time.Now())
		require.Equal(t, int64(10), q.since)
		q.at, q.newest, q.count = 13, 12, 2
		s.client.prober.answer(s.client.pool.members[2], []*question{q})
		ahead.judge(<-ahead.probes)
		require.Nil(t, ahead.suspicion)
		require.Equal(t, int64(13), ahead.reached())
		behind.judge(<-behind.probes)
		require.NotNil(t, behind.suspicion)
		require.Equal(t, int64(10), behind.reached())
	})
}

func TestTwoWatchedMembersTestifyAboutEachOtherOnlyIfNobodyElseCan(t *testing.T) {
	p, m := poolOf("a", "b", "c")
	require.Same(t, m[2], p.witness(false, m[0], m[1]))
	require.Same(t, m[2], p.witness(false, m[0], m[1]))
	p.failed(m[2])
	require.Same(t, m[0], p.witness(false, m[0], m[1]))
	require.Same(t, m[1], p.witness(false, m[0], m[1]), "each in turn")
}

func TestALearnerIsPickedAfterEveryOtherMember(t *testing.T) {
	p, m := poolOf("learner:1", "b:1")
	list := []*pb.Member{
		{ID: 1, Name: "l", ClientURLs: []string{"http://learner:1"}, IsLearner: true},
		{ID: 2, Name: "b", ClientURLs: []string{"http://b:1"}},
	}
	p.merge(list)
	p.failed(m[1])
	p.quarantine(m[1])
	require.Same(t, m[1], p.pick(nil))
	require.Same(t, m[1], p.witness(false, m[1]), "rather the watched member itself")
	list[0].IsLearner = false
	p.merge(list)
	require.Same(t, m[0], p.pick(nil), "promoted")
}

func TestTheWatchedMemberIsAWitnessInTurnWhenAllOthersAreLost(t *testing.T) {
	p, m := poolOf("a", "nowhere")
	for range lostAfter {
		require.Same(t, m[1], p.witness(false, m[0]))
		p.failed(m[1])
	}
	require.Same(t, m[0], p.witness(false, m[0]))
	require.Same(t, m[1], p.witness(false, m[0]))
	p.answered(m[1], nil)
	require.Same(t, m[1], p.witness(false, m[0]))
	require.Same(t, m[1], p.witness(false, m[0]))
}

func TestASnapshotContradictsWhatItCannotFollow(t *testing.T) {
	for name, c := range map[string]struct {
		at   int64
		kv   *mvccpb.KeyValue
		want bool
	}{
		"the same":                         {30, &mvccpb.KeyValue{Key: []byte("/k/a"), ModRevision: 10, Value: []byte("10")}, false},
		"a later write":                    {30, &mvccpb.KeyValue{Key: []byte("/k/a"), ModRevision: 25, Value: []byte("25")}, false},
		"an earlier write":                 {30, &mvccpb.KeyValue{Key: []byte("/k/a"), ModRevision: 9, Value: []byte("9")}, true},
		"another value of the same write":  {30, &mvccpb.KeyValue{Key: []byte("/k/a"), ModRevision: 10, Value: []byte("11")}, true},
		"a key that was there no more":     {30, &mvccpb.KeyValue{Key: []byte("/k/b"), ModRevision: 15, Value: []byte("15")}, true},
		"a new key":                        {30, &mvccpb.KeyValue{Key: []byte("/k/b"), ModRevision: 21, Value: []byte("21")}, false},
		"a snapshot from before the other": {5, &mvccpb.KeyValue{Key: []byte("/k/a"), ModRevision: 5, Value: []byte("5")}, false},
		"an old key from before the other": {15, &mvccpb.KeyValue{Key: []byte("/k/b"), ModRevision: 15, Value: []byte("15")}, false},
	} {
		s := newScript(t)
		s.reads(0, 20, map[string]int64{"a": 10})
		resp := &pb.RangeResponse{Header: &pb.ResponseHeader{Revision: c.at}, Kvs: []*mvccpb.KeyValue{c.kv}}
		require.Equal(t, c.want, s.state.contradicts(resp), name)
	}
}

func TestOnlyMostMembersAreBelievedAboutARestore(t *testing.T) {
	s := newScript(t)
	a, b, c := s.client.pool.members[0], s.client.pool.members[1], s.client.pool.members[2]
	doubt := func(m *member, other bool) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.doubt(m, other)
	}
	require.False(t, doubt(a, true))
	require.False(t, doubt(a, true), "the same member again")
	require.False(t, doubt(b, false))
	require.False(t, doubt(b, true), "a member that contradicts begins the count anew")
	require.True(t, doubt(a, true))
	require.False(t, doubt(c, false))
	for range lostAfter {
		s.client.pool.failed(b)
		s.client.pool.failed(c)
	}
	require.True(t, doubt(a, true), "members that are lost have no say")
}
