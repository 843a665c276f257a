package embedded_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pingcap/failpoint"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

const cluster = "alpha"

// started is a running cluster with its board, which a world would otherwise hold.
type started struct {
	harness.Members
	t      testing.TB
	names  []string
	board  *point.Board
	timing bound.Timing
}

func start(t testing.TB, members int) *started {
	t.Helper()
	timing := bound.Compressed()
	s := &started{t: t, board: point.NewBoard(timing.Heartbeat, nil), timing: timing}
	var err error
	s.Members, err = embedded.Engine{}.Start(t.Context(), harness.Spec{Name: cluster, Members: members}, harness.Env{
		Timing: timing, Board: s.board, Recorder: record.NewRecorder(timing), Dir: t.TempDir(), Log: zap.NewNop(),
	})
	require.NoError(t, err)
	for i := range members {
		s.names = append(s.names, "m"+string(rune('1'+i)))
	}
	return s
}

// close ends the cluster the way a world does.
func (s *started) close() {
	s.board.Close()
	require.NoError(s.t, s.Close())
}

// leader returns the member that all members, except the given ones, follow. It blocks until there is one.
func (s *started) leader(but ...string) string {
	s.t.Helper()
	var name string
	s.await(func() bool {
		name = ""
		var leads uint64
		for _, m := range s.names {
			status := s.Status(m)
			if !status.Up || strings.Contains(strings.Join(but, " "), m) {
				continue
			}
			if leads == 0 {
				leads = status.Leader
			}
			if status.Leader != leads {
				return false
			}
			if status.ID == leads {
				name = m
			}
		}
		return name != ""
	}, "no leader")
	return name
}

func (s *started) await(holds func() bool, otherwise string) {
	s.t.Helper()
	require.Eventually(s.t, holds, bound.Bounds{Timing: s.timing}.Failover(), s.timing.Observe, otherwise)
}

func (s *started) throw(member string, n point.Name, d point.Decision) *point.Thrown {
	s.t.Helper()
	thrown, err := s.board.Throw(s.board.Path(cluster, member, n), d.Terms())
	require.NoError(s.t, err)
	return thrown
}

func (s *started) client(members ...string) *clientv3.Client {
	s.t.Helper()
	var endpoints []string
	for _, m := range members {
		endpoints = append(endpoints, s.Endpoint(m))
	}
	c, err := clientv3.New(clientv3.Config{Endpoints: endpoints, Logger: zap.NewNop()})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *started) ctx(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(s.t.Context(), d)
	s.t.Cleanup(cancel)
	return ctx
}

// direct is the client that calls a member without a network.
func (s *started) direct(member string) harness.Direct {
	s.t.Helper()
	d, err := s.Direct(member)
	require.NoError(s.t, err)
	return d
}

// others are all members but one.
func (s *started) others(but string) []string {
	var names []string
	for _, m := range s.names {
		if m != but {
			names = append(names, m)
		}
	}
	return names
}

func TestNothingOutlivesACluster(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := start(t, 3)
	c := s.client(s.names...)
	_, err := c.Put(t.Context(), "k", "v")
	require.NoError(t, err)
	endpoint := strings.TrimPrefix(s.Endpoint("m1"), "http://")
	require.NoError(t, c.Close())
	s.close()
	_, err = http.Get("http://" + endpoint)
	require.Error(t, err, "the proxy still listens")
}

func TestNothingOutlivesAClusterWhoseDisksHang(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s := start(t, 3)
	for _, m := range s.names {
		s.throw(m, point.WALSave, point.Decision{Kind: point.Hang})
		s.throw(m, point.ClientWrite, point.Decision{Kind: point.Hang})
	}
	s.close()
}

func TestAdvertisedAddressesAreLinks(t *testing.T) {
	s := start(t, 3)
	defer s.close()
	c := s.client("m1")
	list, err := c.MemberList(t.Context())
	require.NoError(t, err)
	require.Len(t, list.Members, 3)
	for _, m := range list.Members {
		require.Equal(t, []string{s.Endpoint(m.Name)}, m.ClientURLs)
	}
	// A client that takes its endpoints from the member list uses the links too.
	require.NoError(t, c.Sync(t.Context()))
	s.await(func() bool {
		_, err := c.Get(t.Context(), "k")
		require.NoError(t, err)
		return s.Connections("m1") > 0 && s.Connections("m2") > 0 && s.Connections("m3") > 0
	}, "no connections on the links of the other members")
}

func TestHungLeaderDiskElectsAnotherAndHeals(t *testing.T) {
	s := start(t, 3)
	defer s.close()
	old := s.leader()
	hang := s.throw(old, point.WALSave, point.Decision{Kind: point.Hang})
	now := s.leader(old)
	require.NotEqual(t, old, now)
	require.True(t, s.Status(old).Leads(), "the old leader does not know")
	_, err := s.client(s.others(old)...).Put(s.ctx(s.timing.LeaseTTL), "k", "v")
	require.NoError(t, err)
	hang.Heal()
	s.await(func() bool { return s.Status(old).Leader == s.Status(now).ID }, "the old leader never learns")
}

// The switch of a fault point is a failpoint, so it works no matter who switches it on.
func TestFailpointItselfHangsADisk(t *testing.T) {
	s := start(t, 3)
	defer s.close()
	old := s.leader()
	path := string(s.board.Path(cluster, old, point.WALSave))
	handler := httptest.NewServer(&failpoint.HttpHandler{})
	defer handler.Close()
	put, err := http.NewRequest(http.MethodPut, handler.URL+"/"+path, strings.NewReader(`return("hang")`))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(put)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	defer http.DefaultClient.CloseIdleConnections()
	now := s.leader(old)
	require.NotEqual(t, old, now)
	require.NoError(t, failpoint.Disable(path))
	s.await(func() bool { return s.Status(old).Leader == s.Status(now).ID }, "the disk hangs on")
}

func TestASlowDiskDelaysEverySave(t *testing.T) {
	s := start(t, 1)
	defer s.close()
	c := s.client("m1")
	_, err := c.Put(t.Context(), "k", "0")
	require.NoError(t, err)
	delay := s.timing.Heartbeat
	slow := s.throw("m1", point.WALSave, point.Decision{Kind: point.Delay, Delay: delay})
	require.NoError(t, s.InForce(t.Context(), "m1", point.WALSave))
	for range 20 {
		began := time.Now()
		_, err := c.Put(t.Context(), "k", "1")
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(began), delay)
	}
	slow.Heal()
	began := time.Now()
	_, err = c.Put(t.Context(), "k", "2")
	require.NoError(t, err)
	// One more save may have begun before the terms changed.
	require.Less(t, time.Since(began), 2*delay+s.timing.Slack)
}

func TestIsolatedLeaderStepsDown(t *testing.T) {
	s := start(t, 3)
	defer s.close()
	old := s.leader()
	var cuts []*point.Thrown
	for _, m := range s.others(old) {
		cuts = append(cuts,
			s.throw(old, point.PeerSend(m), point.Decision{Kind: point.Drop}),
			s.throw(m, point.PeerSend(old), point.Decision{Kind: point.Drop}))
	}
	now := s.leader(old)
	require.NotEqual(t, old, now)
	s.await(func() bool { return s.Status(old).Leader == 0 }, "the isolated leader still leads")
	// A lease cannot be renewed through a member that is cut off: the renewal would have to reach the leader.
	lease, err := s.client(now).Grant(t.Context(), 60)
	require.NoError(t, err)
	_, err = s.client(old).KeepAliveOnce(s.ctx(2*s.timing.Election), lease.ID)
	require.Error(t, err)
	for _, cut := range cuts {
		cut.Heal()
	}
	s.await(func() bool { return s.Status(old).Leader == s.Status(now).ID }, "the healed member does not follow")
	_, err = s.client(old).KeepAliveOnce(s.ctx(s.timing.LeaseTTL), lease.ID)
	require.NoError(t, err)
}

// A leader that can send but not receive steps down. A leader that can receive but not send is replaced.
func TestOneWayCutsReplaceTheLeader(t *testing.T) {
	for name, cut := range map[string]func(s *started, leader, peer string){
		"can send, cannot receive": func(s *started, leader, peer string) {
			s.throw(peer, point.PeerSend(leader), point.Decision{Kind: point.Drop})
		},
		"can receive, cannot send": func(s *started, leader, peer string) {
			s.throw(leader, point.PeerSend(peer), point.Decision{Kind: point.Drop})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, 3)
			defer s.close()
			old := s.leader()
			for _, m := range s.others(old) {
				cut(s, old, m)
			}
			s.await(func() bool {
				for _, m := range s.others(old) {
					if l := s.Status(m).Leader; l == 0 || l == s.Status(old).ID {
						return false
					}
				}
				return true
			}, "the others keep their leader")
		})
	}
}

func TestKilledMemberComesBackWithItsData(t *testing.T) {
	s := start(t, 3)
	defer s.close()
	c := s.client(s.names...)
	_, err := c.Put(t.Context(), "k", "before")
	require.NoError(t, err)
	victim := s.leader()
	require.NoError(t, s.Kill(t.Context(), victim))
	require.Equal(t, harness.Status{}, s.Status(victim))
	s.leader(victim)
	_, err = s.client(s.others(victim)...).Put(s.ctx(s.timing.LeaseTTL), "k", "meanwhile")
	require.NoError(t, err)
	require.NoError(t, s.Restart(t.Context(), victim))
	resp, err := s.client(victim).Get(s.ctx(s.timing.LeaseTTL), "k")
	require.NoError(t, err)
	require.Equal(t, "meanwhile", string(resp.Kvs[0].Value))
}

func TestMembersJoinAndLeave(t *testing.T) {
	s := start(t, 3)
	defer s.close()
	require.NoError(t, s.Add(s.ctx(time.Minute), "m4"))
	s.names = append(s.names, "m4")
	resp, err := s.client("m4").MemberList(t.Context())
	require.NoError(t, err)
	require.Len(t, resp.Members, 4)
	leader := s.leader()
	require.NoError(t, s.Remove(s.ctx(time.Minute), leader))
	s.names = s.others(leader)
	resp, err = s.client(s.leader()).MemberList(t.Context())
	require.NoError(t, err)
	require.Len(t, resp.Members, 3)
	require.Error(t, s.Remove(t.Context(), leader), "removed twice")
}

// A new member asks the first of its peers, ordered by address, for the member list, and does not start if it is not in the list.
func TestANewMemberStartsAlthoughThePeerThatItAsksLearnsOfItLate(t *testing.T) {
	s := start(t, 3)
	defer s.close()
	leader := s.direct(s.leader())
	list, err := leader.MemberList(t.Context())
	require.NoError(t, err)
	addresses := map[string]string{}
	for _, m := range list.Members {
		addresses[m.PeerURLs[0]] = m.Name
	}
	first := addresses[slices.Min(slices.Collect(maps.Keys(addresses)))]
	if s.leader() == first {
		_, err := leader.MoveLeader(s.ctx(s.timing.Election), s.Status(s.others(first)[0]).ID)
		require.NoError(t, err)
		s.await(func() bool { return s.leader() != first }, "the leader stays")
	}
	// That peer learns of the new member late.
	s.throw(s.leader(), point.PeerSend(first), point.Decision{Kind: point.Delay, Delay: 3 * s.timing.Heartbeat})
	require.NoError(t, s.Add(s.ctx(time.Minute), "m4"))
}

func TestBytesOfADeadLinkAreNotDeliveredLater(t *testing.T) {
	s := start(t, 1)
	defer s.close()
	c := s.client("m1")
	_, err := c.Put(t.Context(), "k", "0")
	require.NoError(t, err)
	drop := s.throw("m1", point.ClientRead, point.Decision{Kind: point.Drop})
	_, err = c.Put(s.ctx(s.timing.Election), "k", "lost")
	require.Error(t, err)
	drop.Heal()
	resp, err := c.Get(s.ctx(s.timing.LeaseTTL), "k")
	require.NoError(t, err)
	require.Equal(t, "0", string(resp.Kvs[0].Value))
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		s := start(b, 3)
		b.StopTimer()
		s.close()
		b.StartTimer()
	}
}
