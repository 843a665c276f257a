package guard

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"sync"

	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// Config says which cluster to watch and how. Only Endpoints is required.
type Config struct {
	// Endpoints are the cluster's endpoints, in any form that etcd's client accepts; one is enough to find the others. A
	// watch tries them in this order at first.
	Endpoints []string
	// Cluster is the cluster's name in errors and log lines. Empty: they have none.
	Cluster string
	// TLS is the TLS configuration for the members. Nil: the defaults of crypto/tls for endpoints with https.
	TLS *tls.Config
	// Credentials replace TLS for every endpoint that does not ask for a plain connection, for instance credentials that
	// read certificates again for each connection. Nil: TLS is used.
	Credentials credentials.TransportCredentials
	// Username and Password are for a cluster with authentication. The client fetches a token for each member, and again
	// when it has expired.
	Username, Password string
	// DialOptions are added after the client's own and override them, except for transport credentials, which always
	// come from TLS or Credentials.
	DialOptions []grpc.DialOption

	// Options are the options of the watches. Zero: the production setting.
	Options Options
	// Logger receives the log of the client and of the etcd clients that it uses. Nil: no log.
	Logger *zap.Logger
	// Stats counts what happens to the watches. Nil: nothing is counted.
	Stats *Stats
	// Rand is the source of jitter, in [0, 1). Nil: math/rand/v2. It is called from several goroutines.
	Rand func() float64
}

// Client has the connections to one cluster, knows its members, and makes watches. All its methods are safe for concurrent
// use.
type Client struct {
	cfg    Config
	log    *zap.Logger
	pool   *pool
	prober *prober
	work   context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	// From closed on, mu guards the fields.
	mu     sync.Mutex
	closed bool
}

// Open makes a client. It does not block: the cluster need not be reachable yet. The error names everything that is wrong
// with the config.
func Open(cfg Config) (*Client, error) {
	var err error
	if cfg.Endpoints, err = Endpoints(cfg.Endpoints); err != nil {
		return nil, fmt.Errorf("invalid config: %w", err)
	}
	if cfg.Options, err = cfg.Options.Complete(); err != nil {
		return nil, fmt.Errorf("invalid config: %w", err)
	}
	if cfg.Logger == nil {
		cfg.Logger = zap.NewNop()
	}
	if cfg.Stats == nil {
		cfg.Stats = &Stats{}
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	c := &Client{cfg: cfg, log: cfg.Logger, pool: newPool(cfg)}
	c.prober = &prober{client: c}
	if cfg.Cluster != "" {
		c.log = c.log.With(zap.String("cluster", cfg.Cluster))
	}
	c.work, c.cancel = context.WithCancel(context.Background())
	c.tasks.Go(func() { c.pool.follow(c.work) })
	return c, nil
}

// Watch begins to watch the keys under a prefix. It does not block: until the cluster answers, the snapshot's error is
// [ErrPending] or the latest failure.
//
// Watch calls changed, which may be nil, after every change of the snapshot, with the whole snapshot after that change. The
// calls come in order, none is left out, and there is never more than one at a time. changed is not called if only Proven
// has changed. The goroutines that read the watch call it, so it must return soon, and must not close the watch or the
// client.
//
// If the client is closed, the watch is closed from the start.
func (c *Client) Watch(prefix string, changed func(Snapshot)) *Watch {
	w := newWatch(c, prefix, changed)
	ctx, cancel := context.WithCancel(c.work)
	w.cancel = cancel
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		w.update(ErrClosed, func(*state) {})
		close(w.ended)
		return w
	}
	c.tasks.Go(func() {
		defer close(w.ended)
		w.run(ctx)
	})
	return w
}

// Endpoints are the endpoints known now: the configured ones and those that were found in the member list.
func (c *Client) Endpoints() []string { return c.pool.endpoints() }

// Quarantined is how many endpoints are in quarantine now.
func (c *Client) Quarantined() int { return c.pool.quarantined() }

// Close closes the client and its watches. When it returns, no goroutine or connection of the client is left. It blocks for
// at most [CloseGrace], whatever the members do, plus the time that a function given to [Client.Watch] takes to return.
// Requests under way fail. Further calls wait for the first and do nothing.
func (c *Client) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.tasks.Wait()
	c.pool.close()
	return nil
}
