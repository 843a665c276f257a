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

// Config says which cluster to watch and how. Only Endpoints is needed.
type Config struct {
	// Endpoints of the cluster, in any form that etcd's client accepts; one is enough to find the others. A watch tries
	// them in this order at first.
	Endpoints []string
	// Cluster names the cluster in errors and log lines. Empty: they name none.
	Cluster string
	// TLS is how to speak TLS with the members. Nil: the defaults of crypto/tls where an endpoint asks for TLS.
	TLS *tls.Config
	// Credentials take the place of TLS for every endpoint that does not ask for a plain connection, for instance
	// credentials that read certificates anew for each connection. Nil: TLS decides.
	Credentials credentials.TransportCredentials
	// Username and Password are for a cluster with authentication. Tokens are fetched, and fetched again when they
	// have expired, for each member by itself.
	Username, Password string
	// DialOptions are added after the client's own and so override them, all but transport credentials: those are
	// always TLS's or Credentials'.
	DialOptions []grpc.DialOption

	// Options is how watches behave. Zero: the production setting.
	Options Options
	// Logger receives the client's log and that of the etcd clients below it. Nil: no log.
	Logger *zap.Logger
	// Stats counts what happens to the watches. Nil: nobody looks.
	Stats *Stats
	// Rand is the source of jitter, in [0, 1). Nil: math/rand/v2. It is called from several goroutines.
	Rand func() float64
}

// Client holds the connections to one cluster, knows its members, and makes watches. All its methods may be called
// concurrently.
type Client struct {
	cfg    Config
	log    *zap.Logger
	pool   *pool
	work   context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	// From closed on, mu guards the fields.
	mu     sync.Mutex
	closed bool
}

// Open makes a client. It does not block: the cluster need not be reachable yet. The error says everything that is
// wrong with the config.
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
	if cfg.Cluster != "" {
		c.log = c.log.With(zap.String("cluster", cfg.Cluster))
	}
	c.work, c.cancel = context.WithCancel(context.Background())
	c.tasks.Go(func() { c.pool.follow(c.work) })
	return c, nil
}

// Watch begins to watch the keys under a prefix. It does not block: until the cluster answers, the snapshot's error is
// [ErrPending] or what failed.
//
// The function, which may be nil, is called after every change of the snapshot with the whole state after that change: in
// order, none left out, and never twice at once. A change of Proven alone is none. The goroutines that read the watch
// call the function, so it must return soon, and must not close the watch or the client.
//
// A watch of a closed client is closed.
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

// Endpoints are those of the members, as known now: the configured ones and those that the member list added.
func (c *Client) Endpoints() []string { return c.pool.endpoints() }

// Quarantined is how many endpoints are in quarantine now.
func (c *Client) Quarantined() int { return c.pool.quarantined() }

// Close ends the client and its watches. When it returns, no goroutine or connection of the client is left. It blocks for
// [CloseGrace] at most, whatever the members do, plus as long as a function given to [Client.Watch] takes to return.
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
