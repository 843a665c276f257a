package guard_test

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func TestOneEndpointIsEnoughToFindTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		target := onFake(alpha, guard.Options{})
		target.Endpoints = target.Endpoints[:1]
		m := start(t, target)
		time.Sleep(10 * time.Second)
		alpha.Members[0].Withhold.Store(true)
		alpha.Put(checkpointKey, encode(1))
		time.Sleep(2 * time.Second)
		require.Equal(t, uint64(1), m.view().Checkpoints["backup"])
		require.NotEqual(t, "http://m0", m.view().Endpoint)
	})
}

func TestAMemberListWithUnreachableAddressesDoesNoHarm(t *testing.T) {
	for _, swallows := range []bool{false, true} {
		for _, hedged := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				alpha := etcdtest.StartFake(t, 2)
				alpha.DialsHang = swallows
				for i, name := range []string{"a-nowhere", "z-nowhere"} {
					alpha.Listed = append(alpha.Listed,
						&pb.Member{ID: uint64(100 + i), Name: name, ClientURLs: []string{"http://" + name}})
				}
				target := onFake(alpha, guard.Options{Hedged: hedged})
				target.Endpoints = target.Endpoints[:1]
				m := start(t, target)
				time.Sleep(time.Minute)
				require.True(t, m.view().Healthy)
				alpha.Members[0].Withhold.Store(true)
				begun := time.Now()
				alpha.Put(checkpointKey, encode(1))
				for m.view().Checkpoints["backup"] != 1 {
					time.Sleep(10 * time.Millisecond)
				}
				// The probe that noticed it, and at most both other addresses tried before the good member.
				require.LessOrEqual(t, time.Since(begun), 2*time.Second+300*time.Millisecond+2*2*time.Second)
			})
		}
	}
}

func TestQuarantineExpiresAndTheMemberServesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha, m := leaveTheFirst(t)
		alpha.Members[0].Withhold.Store(false)
		time.Sleep(time.Minute)
		alpha.Members[1].Withhold.Store(true)
		alpha.Members[1].DropProgress.Store(true)
		alpha.Put(checkpointKey, encode(2))
		time.Sleep(2 * time.Second)
		require.Equal(t, "http://m0", m.view().Endpoint)
		require.Equal(t, uint64(2), m.view().Checkpoints["backup"])
	})
}

// A real learner refuses watches and linearizable reads alike, so it is neither watched nor a witness, though
// it is configured first.
func TestALearnerIsNeitherWatchedNorAWitness(t *testing.T) {
	t.Parallel() // it mostly waits
	alpha := etcdtest.StartCluster(t, "alpha", 1)
	hosts := etcdtest.FreeHosts(t, 2)
	client, peer := url.URL{Scheme: "http", Host: hosts[0]}, url.URL{Scheme: "http", Host: hosts[1]}
	added, err := alpha.Admin.MemberAddAsLearner(t.Context(), []string{peer.String()})
	require.NoError(t, err)
	cfg := embed.NewConfig()
	cfg.Name, cfg.Dir, cfg.LogLevel = "learner", t.TempDir(), "fatal"
	cfg.TickMs, cfg.ElectionMs = 50, 500
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	cfg.ClusterState, cfg.InitialCluster = embed.ClusterStateFlagExisting, "learner="+peer.String()
	for _, member := range added.Members {
		if member.ID != added.Member.ID {
			cfg.InitialCluster += "," + member.Name + "=" + member.PeerURLs[0]
		}
	}
	var learner *embed.Etcd
	// etcd asks its peer for its version, and gives up at once if a busy machine does not answer within a second.
	etcdtest.Eventually(t, "the learner", func() bool {
		if learner, err = embed.StartEtcd(cfg); err != nil {
			t.Logf("start the learner: %v", err)
		}
		return err == nil
	})
	t.Cleanup(learner.Close)
	etcdtest.Eventually(t, "the learner's name in the member list", func() bool {
		list, err := alpha.Admin.MemberList(t.Context())
		return err == nil && len(list.Members) == 2 && list.Members[0].Name != "" && list.Members[1].Name != ""
	})

	target := on(alpha, brisk())
	target.Endpoints = append([]string{hosts[0]}, target.Endpoints...)
	for _, hedged := range []bool{false, true} {
		target.Options.Hedged = hedged
		m := start(t, target)
		awaitHealthy(t, m)
		require.Equal(t, alpha.Members[0].Host, m.view().Endpoint)
		begun := m.probes(guard.ProbeComplete)
		etcdtest.Eventually(t, "proofs", func() bool {
			return m.probes(guard.ProbeComplete) > begun+4
		})
		value := uint64(1)
		if hedged {
			value = 2
		}
		alpha.Put(t, checkpointKey, encode(value))
		awaitCheckpoint(t, m, value)
		if !hedged {
			unanswered := m.probes(guard.ProbeUnanswered)
			require.LessOrEqual(t, unanswered, uint64(2), "once the member list is known the learner is not asked")
		}
	}
}

func TestTheMemberListIsReadAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 3)
		alpha.Members[1].Unlisted.Store(true)
		target := onFake(alpha, guard.Options{})
		target.Endpoints = target.Endpoints[:1]
		m := start(t, target)
		time.Sleep(time.Minute + time.Second)
		require.Zero(t, alpha.Members[1].Dials.Load())
		require.Positive(t, alpha.Members[2].Open.Load(), "the witness")

		alpha.Members[1].Unlisted.Store(false)
		alpha.Members[2].Unlisted.Store(true)
		time.Sleep(31 * time.Second)
		require.Zero(t, alpha.Members[2].Open.Load(), "one that left is left")
		alpha.Members[0].Withhold.Store(true)
		alpha.Put(checkpointKey, encode(1))
		time.Sleep(2 * time.Second)
		require.Equal(t, "http://m1", m.view().Endpoint, "one that joined is found")
	})
}

func TestAMemberThatLivesInThePastIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 2)
		for value := range uint64(10) {
			alpha.Put(checkpointKey, encode(value))
		}
		alpha.Members[1].Past.Store(5)
		m := start(t, onFake(alpha, guard.Options{}))
		time.Sleep(time.Minute + time.Second/2)
		require.NoError(t, m.view().Err)
		// After each probe in the past the watched member itself is asked, and contradicts.
		require.Equal(t, uint64(30), m.probes(guard.ProbePast))
		require.Equal(t, uint64(30), m.probes(guard.ProbeComplete))
		require.Zero(t, m.services.Snapshot().History)

		alpha.Members[0].DropProgress.Store(true)
		time.Sleep(10 * time.Second)
		alpha.Members[0].DropProgress.Store(false)
		time.Sleep(time.Second)
		v := m.view()
		require.ErrorIs(t, v.Err, guard.ErrRevisionWentBack)
		var op *guard.OpError
		require.ErrorAs(t, v.Err, &op)
		require.Equal(t, "http://m1", op.Endpoint)
		require.Equal(t, "http://m0", v.Endpoint, "rather the one in quarantine")
		require.Equal(t, uint64(9), v.Checkpoints["backup"])
	})
}
