package guard

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.uber.org/zap"
)

func poolOf(endpoints ...string) (*pool, []*member) {
	p := newPool(Config{Endpoints: endpoints, Options: Options{Quarantine: 30 * time.Second}})
	return p, p.members
}

func TestARoundVisitsEveryMemberOnceInOrder(t *testing.T) {
	p, m := poolOf("a", "b", "c")
	tried := make(map[*member]bool)
	for _, want := range m {
		got := p.pick(tried)
		require.Same(t, want, got)
		p.failed(got)
		tried[got] = true
	}
	require.Nil(t, p.pick(tried))
	require.Same(t, m[0], p.pick(nil), "of all that failed the one that failed first")
	p.answered(m[2], nil)
	require.Same(t, m[2], p.pick(nil))
}

func TestQuarantineIsAPreferenceAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, m := poolOf("a", "b")
		p.quarantine(m[0])
		require.Same(t, m[1], p.pick(nil))
		require.Same(t, m[0], p.pick(map[*member]bool{m[1]: true}), "there is no other left to try")
		time.Sleep(time.Second)
		p.quarantine(m[1])
		require.Same(t, m[0], p.pick(nil), "the one that leaves quarantine first")
		time.Sleep(29 * time.Second)
		require.Same(t, m[0], p.pick(nil))
		p.failed(m[0])
		require.Same(t, m[0], p.pick(nil), "the other is still in quarantine")
		time.Sleep(time.Second)
		require.Same(t, m[1], p.pick(nil))
	})
}

func TestQuarantineWakesWatchesAndMeetsEveryNameOfAMember(t *testing.T) {
	p, m := poolOf("service", "a", "b")
	p.answered(m[0], &pb.ResponseHeader{MemberId: 1})
	p.answered(m[1], &pb.ResponseHeader{MemberId: 1})
	p.answered(m[2], &pb.ResponseHeader{MemberId: 2})
	woken := p.changes.wait()
	p.quarantine(m[0])
	select {
	case <-woken:
	default:
		require.Fail(t, "nobody was woken")
	}
	require.Same(t, m[2], p.pick(nil))
	require.False(t, p.quarantinedUntil(m[1]).IsZero())
}

func TestWitnessesRotateAndAreNeverTheWatchedMemberIfThereIsAnother(t *testing.T) {
	p, m := poolOf("a", "b", "c", "also-a")
	p.answered(m[0], &pb.ResponseHeader{MemberId: 1})
	p.answered(m[3], &pb.ResponseHeader{MemberId: 1})
	require.Same(t, m[1], p.witness(false, m[0]))
	require.Same(t, m[2], p.witness(false, m[0]))
	require.Same(t, m[1], p.witness(false, m[0]))
	p.failed(m[2])
	require.Same(t, m[1], p.witness(false, m[0]), "one that failed is asked only when there is no other")
	p.failed(m[1])
	require.Same(t, m[2], p.witness(false, m[0]))
	p.quarantine(m[1])
	p.failed(m[2])
	require.Same(t, m[1], p.witness(false, m[0]), "if all failed, one in quarantine has its turn too")
	p.failed(m[1])
	require.Same(t, m[2], p.witness(false, m[0]))

	alone, only := poolOf("a")
	require.Same(t, only[0], alone.witness(false, only[0]))
}

func TestTheMemberListAddsAdvertisedEndpointsOnceAndKeepsConfiguredOnes(t *testing.T) {
	p, _ := poolOf("a:1", "service:1")
	endpoints := func() (list []string) {
		for _, m := range p.members {
			list = append(list, m.endpoint)
		}
		return list
	}
	p.merge([]*pb.Member{
		{ID: 3, Name: "c", ClientURLs: []string{"http://c:1"}},
		{ID: 1, Name: "a", ClientURLs: []string{"http://a:1"}},
		{ID: 2, Name: "b", ClientURLs: []string{"http://b:1"}},
		{ID: 4, Name: "", ClientURLs: []string{"http://unstarted:1"}},
		{ID: 5, Name: "l", ClientURLs: []string{"http://learner:1"}, IsLearner: true},
	})
	require.Equal(t, []string{"a:1", "service:1", "http://b:1", "http://c:1"}, endpoints())
	require.Equal(t, uint64(1), p.members[0].id)
	p.merge([]*pb.Member{{ID: 2, Name: "b", ClientURLs: []string{"http://b:1"}}})
	require.Equal(t, []string{"a:1", "service:1", "http://b:1"}, endpoints())
}

func TestAMemberThatLeftTheListHasNoClientAnyMore(t *testing.T) {
	o, err := Options{}.Complete()
	require.NoError(t, err)
	p := newPool(Config{Endpoints: []string{"a:1"}, Options: o, Logger: zap.NewNop()})
	p.merge([]*pb.Member{{ID: 2, Name: "b", ClientURLs: []string{"http://b:1"}}})
	left := p.members[1]
	_, err = p.client(t.Context(), left)
	require.NoError(t, err)
	p.merge(nil)
	_, err = p.client(t.Context(), left)
	require.ErrorIs(t, err, errDropped)
	p.close()
	_, err = p.client(t.Context(), p.members[0])
	require.ErrorIs(t, err, ErrClosed)
}

func TestAWitnessInQuarantineIsAskedBeforeOneThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, m := poolOf("a", "b", "c")
		p.quarantine(m[1])
		require.Same(t, m[2], p.witness(false, m[0]))
		require.Same(t, m[2], p.witness(false, m[0]), "as long as it answers")
		p.failed(m[2])
		require.Same(t, m[1], p.witness(false, m[0]), "a watch on it was stale, a read through it may be answered")
		p.failed(m[1])
		require.Same(t, m[2], p.witness(false, m[0]), "both failed")
	})
}
