package manager

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.uber.org/zap"
)

// script is a hedged watch whose two lanes a test speaks for.
type script struct {
	*testing.T
	*guardedWatch
}

func newScript(t *testing.T) script {
	b := newBoard(false)
	w := &guardedWatch{
		cfg: Config{}.withDefaults(), log: zap.NewNop(), cluster: "alpha", prefix: checkpointPrefix,
		content: newCheckpoints(), board: b, place: &b.backup, versions: make(map[string]version),
	}
	w.lanes = []*lane{newLane(w), newLane(w)}
	return script{t, w}
}

func (s script) seat(lane int) *seat {
	l := s.lanes[lane]
	l.member = &member{endpoint: "m"}
	return &seat{lane: l, seated: time.Now(), heard: time.Now()}
}

// says lets a lane deliver that a key was put, or with a negative value deleted, at a revision.
func (s script) says(lane int, key string, value, revision int64) {
	event := &mvccpb.Event{Kv: &mvccpb.KeyValue{
		Key: []byte(checkpointPrefix + key + checkpointSuffix), ModRevision: revision, CreateRevision: 1,
	}}
	if value < 0 {
		event.Type = mvccpb.Event_DELETE
	} else {
		event.Kv.Value = []byte{0, 0, 0, 0, 0, 0, 0, byte(value)}
	}
	grace := time.NewTimer(time.Hour)
	defer grace.Stop()
	s.seat(lane).take(&pb.WatchResponse{Header: &pb.ResponseHeader{}, Events: []*mvccpb.Event{event}}, grace)
}

// reads lets a lane take a snapshot of keys that were all written at the revisions given.
func (s script) reads(lane int, at int64, keys map[string]int64) {
	resp := &pb.RangeResponse{Header: &pb.ResponseHeader{Revision: at}}
	for key, revision := range keys {
		resp.Kvs = append(resp.Kvs, &mvccpb.KeyValue{
			Key: []byte(checkpointPrefix + key + checkpointSuffix), Value: []byte{0, 0, 0, 0, 0, 0, 0, byte(revision)},
			ModRevision: revision, CreateRevision: 1,
		})
	}
	s.lanes[lane].replace(resp, Where{}, time.Now())
}

func (s script) shows(revision int64, want map[string]uint64) {
	s.Helper()
	require.Equal(s, want, s.board.view.Load().Checkpoints)
	require.Equal(s, revision, s.board.backup.revision)
}

func TestTheFirstLaneToDeliverWinsAndTheSecondRepeatsNothing(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, map[string]int64{"a": 5})
	s.reads(1, 10, map[string]int64{"a": 5})
	s.says(0, "a", 20, 11)
	s.says(0, "a", 30, 12)
	s.shows(12, map[string]uint64{"a": 30})
	s.says(1, "a", 20, 11)
	s.shows(12, map[string]uint64{"a": 30})
	require.Equal(t, int64(11), s.lanes[1].reached, "it claims only what it delivered itself")
}

func TestALateLaneDoesNotReviveADeletedKey(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, nil)
	s.reads(1, 10, nil)
	s.says(0, "a", 1, 11)
	s.says(0, "a", -1, 12)
	s.says(1, "a", 1, 11)
	s.shows(12, map[string]uint64{})
	require.NotEmpty(t, s.versions, "remembered while a lane may tell of it")
	s.says(1, "a", -1, 12)
	require.Empty(t, s.versions)
	require.Empty(t, s.graves)
}

// A watch that resumes is told the last revision again.
func TestWhatIsToldTwiceIsPassedOver(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, map[string]int64{"b": 10})
	s.says(0, "b", 10, 10)
	s.says(0, "a", 1, 11)
	s.says(0, "a", -1, 12)
	s.says(0, "a", -1, 12)
	s.shows(12, map[string]uint64{"b": 10})
	require.Empty(t, s.graves, "it is buried once")
	require.Equal(t, int64(12), s.lanes[0].reached)
}

func TestWhatOneLaneSkippedTheOtherAdds(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, nil)
	s.reads(1, 10, nil)
	s.says(0, "b", 2, 12)
	s.says(1, "a", 1, 11)
	s.shows(12, map[string]uint64{"a": 1, "b": 2})
}

func TestASnapshotIsNoStepBack(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, map[string]int64{"a": 5, "b": 6, "c": 7})
	// The second lane's read is at revision 11 and comes late.
	s.lanes[1].floor = 10
	s.says(0, "a", -1, 11)
	s.says(0, "b", 20, 12)
	s.says(0, "d", 30, 13)
	s.says(0, "c", -1, 14)
	s.reads(1, 11, map[string]int64{"b": 6, "c": 7})
	s.shows(14, map[string]uint64{"b": 20, "d": 30})
}

func TestOnlyALaneOnAMemberHoldsMemoryBack(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, nil)
	for i := range int64(1000) {
		s.says(0, "a", 1, 11+2*i)
		s.says(0, "a", -1, 12+2*i)
	}
	require.Empty(t, s.versions)
	require.Empty(t, s.graves)
}

func TestAProbeIsWeighedByWhatEachLaneHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(t)
		s.pool = newPool(nil, time.Second, []string{"a", "b", "c"})
		s.reads(0, 10, map[string]int64{"a": 5})
		s.reads(1, 10, map[string]int64{"a": 5})
		ahead, behind := s.seat(0), s.seat(1)
		ahead.testimonies, behind.testimonies = make(chan testimony, 1), make(chan testimony, 1)
		s.inquiry.parties = []*seat{ahead, behind}
		s.says(0, "b", 2, 12)
		asked := map[*seat]testimony{ahead: {since: 12, held: 2}, behind: {since: 10, held: 1}}
		s.answer(t.Context(), testimony{witness: s.pool.members[2], since: 10, at: 13, newest: 12, count: 2}, asked, nil)
		grace := time.NewTimer(time.Hour)
		ahead.weigh(<-ahead.testimonies, grace)
		require.Nil(t, ahead.suspicion)
		require.Equal(t, int64(13), ahead.reached)
		behind.weigh(<-behind.testimonies, grace)
		require.NotNil(t, behind.suspicion)
		require.Equal(t, int64(10), behind.reached)
	})
}

func TestTwoSeatsTestifyAboutEachOtherOnlyIfNobodyElseCan(t *testing.T) {
	p, m := poolOf("a", "b", "c")
	require.Same(t, m[2], p.witness(m[0], m[1]))
	require.Same(t, m[2], p.witness(m[0], m[1]))
	p.failed(m[2])
	require.Same(t, m[0], p.witness(m[0], m[1]))
	require.Same(t, m[1], p.witness(m[0], m[1]), "each in turn")
}

func TestALearnerIsPickedAfterEveryOtherMember(t *testing.T) {
	p, m := poolOf("learner:1", "b:1")
	list := []*pb.Member{
		{ID: 1, Name: "l", ClientURLs: []string{"http://learner:1"}, IsLearner: true},
		{ID: 2, Name: "b", ClientURLs: []string{"http://b:1"}},
	}
	p.merge(list)
	p.failed(m[1])
	p.confine(m[1])
	require.Same(t, m[1], p.pick(nil))
	require.Same(t, m[1], p.witness(m[1]), "rather the seat itself")
	list[0].IsLearner = false
	p.merge(list)
	require.Same(t, m[0], p.pick(nil), "promoted")
}

func TestTheSeatTakesItsTurnAsWitnessWhenAllOthersAreLost(t *testing.T) {
	p, m := poolOf("a", "nowhere")
	for range lost {
		require.Same(t, m[1], p.witness(m[0]))
		p.failed(m[1])
	}
	require.Same(t, m[0], p.witness(m[0]))
	require.Same(t, m[1], p.witness(m[0]))
	p.answered(m[1], nil)
	require.Same(t, m[1], p.witness(m[0]))
	require.Same(t, m[1], p.witness(m[0]))
}
