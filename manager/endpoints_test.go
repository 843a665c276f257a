package manager_test

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/stormwatch/stormwatch/manager"
)

func TestOneEndpointIsEnoughToFindTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 3)
		target := alpha.target()
		target.Endpoints = target.Endpoints[:1]
		m := startManager(t, manager.Config{}, target)
		time.Sleep(10 * time.Second)
		alpha.members[0].withhold.Store(true)
		alpha.put(checkpointKey, encode(1))
		time.Sleep(2 * time.Second)
		require.Equal(t, uint64(1), view(t, m, "alpha").Checkpoints["backup"])
		require.NotEqual(t, "http://m0", view(t, m, "alpha").Endpoint)
	})
}

func TestAMemberListWithUnreachableAddressesDoesNoHarm(t *testing.T) {
	for _, swallows := range []bool{false, true} {
		for _, hedged := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				alpha := startFake(t, 2)
				alpha.swallows = swallows
				for i, name := range []string{"a-nowhere", "z-nowhere"} {
					alpha.listed = append(alpha.listed,
						&pb.Member{ID: uint64(100 + i), Name: name, ClientURLs: []string{"http://" + name}})
				}
				target := alpha.target()
				target.Endpoints = target.Endpoints[:1]
				m := startManager(t, manager.Config{Hedged: hedged}, target)
				time.Sleep(time.Minute)
				require.True(t, view(t, m, "alpha").Healthy)
				alpha.members[0].withhold.Store(true)
				begun := time.Now()
				alpha.put(checkpointKey, encode(1))
				require.Equal(t, advance{value: 1}, <-wait(t.Context(), m, 0))
				// A probe that found out, and at most both addresses tried before the good member.
				require.LessOrEqual(t, time.Since(begun), 2*time.Second+300*time.Millisecond+2*2*time.Second)
			})
		}
	}
}

func TestQuarantineExpiresAndTheMemberServesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha, m := leaveTheFirst(t)
		alpha.members[0].withhold.Store(false)
		time.Sleep(time.Minute)
		alpha.members[1].withhold.Store(true)
		alpha.members[1].mute.Store(true)
		alpha.put(checkpointKey, encode(2))
		time.Sleep(2 * time.Second)
		require.Equal(t, "http://m0", view(t, m, "alpha").Endpoint)
		require.Equal(t, uint64(2), view(t, m, "alpha").Checkpoints["backup"])
	})
}

// A real learner refuses watches and linearizable reads alike, so it is nobody's seat and nobody's witness, though
// it is configured first.
func TestALearnerIsNeitherSeatNorWitness(t *testing.T) {
	alpha := startCluster(t, "alpha", 1)
	hosts := freeHosts(t, 2)
	client, peer := url.URL{Scheme: "http", Host: hosts[0]}, url.URL{Scheme: "http", Host: hosts[1]}
	added, err := alpha.admin.MemberAddAsLearner(t.Context(), []string{peer.String()})
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
	learner, err := embed.StartEtcd(cfg)
	require.NoError(t, err)
	t.Cleanup(learner.Close)
	eventually(t, "the learner's name in the member list", func() bool {
		list, err := alpha.admin.MemberList(t.Context())
		return err == nil && len(list.Members) == 2 && list.Members[0].Name != "" && list.Members[1].Name != ""
	})

	target := alpha.target()
	target.Endpoints = append([]string{hosts[0]}, target.Endpoints...)
	for _, hedged := range []bool{false, true} {
		cfg := brisk()
		cfg.Hedged = hedged
		metrics := newRegistry()
		cfg.Registerer = metrics
		m := startManager(t, cfg, target)
		awaitHealthy(t, m, "alpha")
		require.Equal(t, alpha.members[0].host, view(t, m, "alpha").Endpoint)
		begun := metrics.sum(t, "stormwatch_manager_probes_total", "complete")
		eventually(t, "proofs", func() bool {
			return metrics.sum(t, "stormwatch_manager_probes_total", "complete") > begun+4
		})
		value := uint64(1)
		if hedged {
			value = 2
		}
		alpha.put(t, checkpointKey, encode(value))
		awaitCheckpoint(t, m, "alpha", value)
		if !hedged {
			unanswered := metrics.sum(t, "stormwatch_manager_probes_total", "unanswered")
			require.LessOrEqual(t, unanswered, 2.0, "once the member list is known the learner is not asked")
		}
	}
}

func TestTheMemberListIsReadAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 3)
		alpha.members[1].unlisted.Store(true)
		target := alpha.target()
		target.Endpoints = target.Endpoints[:1]
		m := startManager(t, manager.Config{}, target)
		time.Sleep(time.Minute + time.Second)
		require.Zero(t, alpha.members[1].dials.Load())
		require.Positive(t, alpha.members[2].open.Load(), "the witness")

		alpha.members[1].unlisted.Store(false)
		alpha.members[2].unlisted.Store(true)
		time.Sleep(31 * time.Second)
		require.Zero(t, alpha.members[2].open.Load(), "one that left is left")
		alpha.members[0].withhold.Store(true)
		alpha.put(checkpointKey, encode(1))
		time.Sleep(2 * time.Second)
		require.Equal(t, "http://m1", view(t, m, "alpha").Endpoint, "one that joined is found")
	})
}

func TestAMemberThatLivesInThePastIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := startFake(t, 2)
		for value := range uint64(10) {
			alpha.put(checkpointKey, encode(value))
		}
		alpha.members[1].past.Store(5)
		metrics := newRegistry()
		m := startManager(t, manager.Config{Registerer: metrics}, alpha.target())
		time.Sleep(time.Minute + time.Second/2)
		require.NoError(t, view(t, m, "alpha").Err)
		require.Equal(t, 120.0, metrics.sum(t, "stormwatch_manager_probes_total", "alpha", "past"))

		alpha.members[0].mute.Store(true)
		time.Sleep(10 * time.Second)
		alpha.members[0].mute.Store(false)
		time.Sleep(time.Second)
		v := view(t, m, "alpha")
		require.ErrorIs(t, v.Err, manager.ErrRevisionWentBack)
		var op *manager.OpError
		require.ErrorAs(t, v.Err, &op)
		require.Equal(t, "http://m1", op.Endpoint)
		require.Equal(t, "http://m0", v.Endpoint, "rather the one in quarantine")
		require.Equal(t, uint64(9), v.Checkpoints["backup"])
	})
}
