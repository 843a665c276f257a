package manager

import (
	"math"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
)

// connectParams keep reconnecting brisk. With gRPC's default cap of 120 s a client that lost a member for some
// minutes tries it so seldom that it goes on missing it, or goes on missing its successor at the same address,
// for minutes after it is back: an incident of TiDB BR with an old leader.
//
// MinConnectTimeout is what one attempt to connect may take at least, with TLS. Under 3 s, a slow but sound link
// never gets connected; above, an address that swallows packets holds up the next attempt.
var connectParams = grpc.ConnectParams{
	Backoff: grpcbackoff.Config{
		BaseDelay:  time.Second,
		Multiplier: 1.1,
		Jitter:     0.1,
		MaxDelay:   3 * time.Second,
	},
	MinConnectTimeout: 3 * time.Second,
}

// callOptions for requests made past clientv3's own interfaces. Those wait for a connection until their deadline;
// these fail as soon as it is refused, so that the next member can be tried at once. Answers may have any size.
var callOptions = []grpc.CallOption{
	grpc.WaitForReady(false),
	grpc.MaxCallRecvMsgSize(math.MaxInt32),
}

// dialer makes the client of one endpoint. One endpoint a client, so that the manager, not gRPC's balancer,
// decides which member serves what.
type dialer func(endpoint string) (*clientv3.Client, error)

func newDialer(cfg Config, target Target, network *network) dialer {
	return func(endpoint string) (*clientv3.Client, error) {
		options := slices.Concat([]grpc.DialOption{grpc.WithConnectParams(connectParams)},
			network.dialOptions(endpoint), target.DialOptions)
		return clientv3.New(clientv3.Config{
			Endpoints:            []string{endpoint},
			TLS:                  target.TLS,
			Username:             target.Username,
			Password:             target.Password,
			DialTimeout:          cfg.DialTimeout,
			DialKeepAliveTime:    cfg.KeepAliveTime,
			DialKeepAliveTimeout: cfg.KeepAliveTimeout,
			// A connection that only serves probes has no stream between them, and must not hang unnoticed either.
			PermitWithoutStream: true,
			DialOptions:         options,
			Logger:              cfg.Logger.Named("etcd-client"),
		})
	}
}
