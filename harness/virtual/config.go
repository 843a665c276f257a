package virtual

import (
	"net/url"
	"time"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/config"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	grpckeepalive "google.golang.org/grpc/keepalive"

	"github.com/stormwatch/stormwatch/harness/inprocess"
)

// origin says whether a member starts with data.
type origin int

const (
	founding origin = iota // it has no data: it is a founding member of a new cluster
	existing               // it has data
)

// quota is how large, in bytes, a member's database may grow: half of etcd's default. It also limits how much address space bbolt maps
// for each member, by default 10 GB.
const quota = 1 << 30

// config is the server configuration that package embed derives from its defaults, with the member's addresses.
func (m *member) config(as origin, log *zap.Logger) config.ServerConfig {
	c, d := m.cluster, embed.NewConfig()
	return config.ServerConfig{
		Name:                        m.name,
		ClientURLs:                  types.URLs{url.URL{Scheme: inprocess.Scheme(c.env.Certificates), Host: m.advertised()}},
		PeerURLs:                    types.URLs{url.URL{Scheme: "unix", Host: c.peerHost(m.name)}},
		DataDir:                     c.dataDir(m.name),
		InitialPeerURLsMap:          c.founders(),
		InitialClusterToken:         c.name,
		NewCluster:                  as == founding,
		TickMs:                      uint(c.env.Timing.Heartbeat / time.Millisecond),
		ElectionTicks:               int(c.env.Timing.Election / c.env.Timing.Heartbeat),
		InitialElectionTickAdvance:  d.InitialElectionTickAdvance,
		SnapshotCount:               d.SnapshotCount,
		SnapshotCatchUpEntries:      d.SnapshotCatchUpEntries,
		MaxSnapFiles:                d.MaxSnapFiles,
		MaxWALFiles:                 d.MaxWalFiles,
		QuotaBackendBytes:           quota,
		BackendBatchInterval:        d.BackendBatchInterval,
		BackendBatchLimit:           d.BackendBatchLimit,
		BackendFreelistType:         bolt.FreelistMapType,
		MaxTxnOps:                   d.MaxTxnOps,
		MaxRequestBytes:             d.MaxRequestBytes,
		MaxConcurrentStreams:        d.MaxConcurrentStreams,
		MaxLearners:                 d.MaxLearners,
		StrictReconfigCheck:         d.StrictReconfigCheck,
		PreVote:                     d.PreVote,
		AuthToken:                   d.AuthToken,
		BcryptCost:                  inprocess.BcryptCost,
		TokenTTL:                    d.AuthTokenTTL,
		CompactHashCheckTime:        d.CompactHashCheckTime,
		CompactionBatchLimit:        d.CompactionBatchLimit,
		CompactionSleepInterval:     d.CompactionSleepInterval,
		WatchProgressNotifyInterval: d.WatchProgressNotifyInterval,
		DowngradeCheckTime:          d.DowngradeCheckTime,
		WarningApplyDuration:        d.WarningApplyDuration,
		WarningUnaryRequestDuration: d.WarningUnaryRequestDuration,
		ServerFeatureGate:           d.ServerFeatureGate,
		V2Deprecation:               d.V2DeprecationEffective(),
		Metrics:                     d.Metrics,
		Logger:                      log,
		// Slow disks are injected as faults. The data are in memory, so a sync would only cost time.
		UnsafeNoFsync: true,
	}
}

// advertised is the client address that the member publishes when it starts. No member is called nobody.
func (m *member) advertised() string {
	if m.misadvertises.Load() {
		return m.cluster.clientAddress("nobody")
	}
	return m.cluster.clientAddress(m.name)
}

// founders are the founding members with their peer URLs.
func (c *cluster) founders() types.URLsMap {
	urls := types.URLsMap{}
	for _, m := range c.list() {
		urls[m.name] = types.URLs{url.URL{Scheme: "unix", Host: c.peerHost(m.name)}}
	}
	return urls
}

// keepalive returns the keepalive settings that package embed uses. With them the server closes the connection of a client that pings too
// often, as in production.
func keepalive() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.KeepaliveEnforcementPolicy(grpckeepalive.EnforcementPolicy{MinTime: embed.DefaultGRPCKeepAliveMinTime}),
		grpc.KeepaliveParams(grpckeepalive.ServerParameters{
			Time: embed.DefaultGRPCKeepAliveInterval, Timeout: embed.DefaultGRPCKeepAliveTimeout,
		}),
	}
}
