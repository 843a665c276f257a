package guard

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
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

// memberClient is the etcd client of one endpoint, from the moment it is being made. There is one client per endpoint,
// so that the pool, not gRPC's balancer, decides which member serves what.
type memberClient struct {
	cancel      context.CancelFunc
	connections connections

	// made is closed when client and err are set.
	made   chan struct{}
	client *clientv3.Client
	err    error
}

// newMemberClient prepares the client of an endpoint. Whoever calls it runs make, and close in the end.
func newMemberClient() *memberClient { return &memberClient{made: make(chan struct{})} }

// make makes the client. It blocks for up to Options.DialTimeout if a token must be fetched.
func (m *memberClient) make(ctx context.Context, cfg Config, endpoint string) error {
	defer close(m.made)
	m.client, m.err = clientv3.New(clientv3.Config{
		Context:              ctx,
		Endpoints:            []string{endpoint},
		Username:             cfg.Username,
		Password:             cfg.Password,
		DialTimeout:          cfg.Options.DialTimeout,
		DialKeepAliveTime:    cfg.Options.KeepAliveTime,
		DialKeepAliveTimeout: cfg.Options.KeepAliveTimeout,
		DialOptions: slices.Concat(
			[]grpc.DialOption{grpc.WithConnectParams(connectParams)}, cfg.DialOptions,
			[]grpc.DialOption{grpc.WithTransportCredentials(&trackingCredentials{
				TransportCredentials: cfg.credentials(endpoint), connections: &m.connections,
			})}),
		Logger: cfg.Logger.Named("etcd-client"),
	})
	return m.err
}

// credentials are those that clientv3 would choose for the endpoint, unless the config has its own.
func (c Config) credentials(endpoint string) credentials.TransportCredentials {
	scheme, _, _ := strings.Cut(endpoint, "://")
	switch {
	case scheme == "http" || (scheme == "unix" && c.TLS == nil):
		return insecure.NewCredentials()
	case c.Credentials != nil && scheme != "unix":
		return c.Credentials
	case c.TLS != nil || scheme == "https" || scheme == "unixs":
		return credentials.NewTLS(c.TLS)
	default:
		return insecure.NewCredentials()
	}
}

// CloseGrace is how long [Client.Close] lets gRPC part from the members before it cuts the connections. gRPC itself would
// wait 5 s for a member that reads nothing.
const CloseGrace = 250 * time.Millisecond

// close ends the client and its connections, also while it is still being made. It blocks for CloseGrace at most.
func (m *memberClient) close() {
	m.cancel()
	parted := make(chan struct{})
	var cutting sync.WaitGroup
	cutting.Go(func() {
		timer := time.NewTimer(CloseGrace)
		defer timer.Stop()
		select {
		case <-parted:
		case <-timer.C:
		}
		// Also when all went well: gRPC may be parting in the background from a connection it gave up before.
		m.connections.cut()
	})
	<-m.made
	if m.client != nil {
		_ = m.client.Close()
	}
	close(parted)
	cutting.Wait()
}
