package virtual

import (
	"net/url"
	"time"

	bolt "go.etcd.io/bbolt"
	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/config"
	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"
	grpckeepalive "google.golang.org/grpc/keepalive"
)

// origin is where a member's data come from.
type origin int

const (
	founding origin = iota // it has none: it is one of those that make the cluster
	existing               // it has some
)

// quota is how large a member's database may grow, half of what etcd allows by default. It decides too how much of the address space
// each takes, which by default is 10 GB.
const quota = 1 << 30

// config is what embed would make of its defaults, for a member with these addresses.
func (m *member) config(as origin) config.ServerConfig {
	c, d := m.cluster, embed.NewConfig()
	return config.ServerConfig{
		Name:                        m.name,
		ClientURLs:                  types.URLs{url.URL{Scheme: "http", Host: c.clientAddress(m.name)}},
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
		BcryptCost:                  d.BcryptCost,
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
		Logger:                      m.logger(),
		// A slow disk is a fault that we inject, and a sync of memory takes time for nothing.
		UnsafeNoFsync: true,
	}
}

// founders are the members that make the cluster, with their peer URLs.
func (c *cluster) founders() types.URLsMap {
	urls := types.URLsMap{}
	for _, m := range c.list() {
		urls[m.name] = types.URLs{url.URL{Scheme: "unix", Host: c.peerHost(m.name)}}
	}
	return urls
}

// keepalive is how embed deals with clients' pings and sends its own. Without it a client that pings too often would not be cut
// off, as it is in production.
func keepalive() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.KeepaliveEnforcementPolicy(grpckeepalive.EnforcementPolicy{MinTime: embed.DefaultGRPCKeepAliveMinTime}),
		grpc.KeepaliveParams(grpckeepalive.ServerParameters{
			Time: embed.DefaultGRPCKeepAliveInterval, Timeout: embed.DefaultGRPCKeepAliveTimeout,
		}),
	}
}
