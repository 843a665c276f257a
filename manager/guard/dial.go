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

// connectParams make a client reconnect soon. With gRPC's default backoff cap of 120 s, a client that could not reach a
// member for some minutes may not try it again until minutes after the member, or another one at the same address, is
// back. TiDB BR had an incident of this kind with an old leader.
//
// A request fails at once while gRPC pauses, and then the reader pauses too. So MaxDelay is shorter than a request may take: together the two pauses
// are no longer than a member that does not answer costs.
//
// MinConnectTimeout is how long one attempt to connect, TLS included, may take at least. With less than 3 s, a slow link
// that works may never get connected. With more, an address that drops packets delays the next attempt too long.
var connectParams = grpc.ConnectParams{
	Backoff: grpcbackoff.Config{
		BaseDelay:  time.Second,
		Multiplier: 1.1,
		Jitter:     0.1,
		MaxDelay:   1500 * time.Millisecond,
	},
	MinConnectTimeout: 3 * time.Second,
}

// callOptions are for requests that do not use clientv3's own interfaces. Those wait for a connection until their
// deadline. With these options a request fails as soon as the connection is refused, so that the next member can be tried
// at once. Responses may have any size.
var callOptions = []grpc.CallOption{
	grpc.WaitForReady(false),
	grpc.MaxCallRecvMsgSize(math.MaxInt32),
}

// authenticate is the full name of the method with which clientv3 fetches a token: when it is made, and before each stream.
const authenticate = "/etcdserverpb.Auth/Authenticate"

// loginAtOnce makes clientv3's own requests for a token fail as soon as the connection is refused, for the same reason as callOptions.
func loginAtOnce(
	ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	if method == authenticate {
		opts = append(opts, grpc.WaitForReady(false))
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

// memberClient is the etcd client of one endpoint, also while it is still being made. There is one client per endpoint, so
// that the pool and not gRPC's balancer decides which member serves a request.
type memberClient struct {
	cancel      context.CancelFunc
	connections connections

	// made is closed when client and err are set.
	made   chan struct{}
	client *clientv3.Client
	err    error
}

// newMemberClient prepares the client of an endpoint. The caller must call make, and close in the end.
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
			[]grpc.DialOption{grpc.WithConnectParams(connectParams), grpc.WithChainUnaryInterceptor(loginAtOnce)}, cfg.DialOptions,
			[]grpc.DialOption{grpc.WithTransportCredentials(&trackingCredentials{
				TransportCredentials: cfg.credentials(endpoint), connections: &m.connections,
			})}),
		Logger: cfg.Logger.Named("etcd-client"),
	})
	return m.err
}

// credentials are the config's own credentials, or else those that clientv3 would choose for the endpoint.
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

// CloseGrace is how long [Client.Close] waits for gRPC to close its connections before it cuts them. gRPC itself would wait
// 5 s for a member that reads nothing.
const CloseGrace = 250 * time.Millisecond

// close closes the client and its connections, also while it is still being made. It blocks for at most CloseGrace.
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
		// Also if the client closed in time: gRPC may still be closing, in the background, a connection that it gave up before.
		m.connections.cut()
	})
	<-m.made
	if m.client != nil {
		_ = m.client.Close()
	}
	close(parted)
	cutting.Wait()
}
