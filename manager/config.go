package manager

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"go.uber.org/zap"
)

// Config is how a manager behaves. The zero value is the production setting; a zero field means its default.
type Config struct {
	// Logger receives the manager's log and that of its etcd clients. Nil: no log.
	Logger *zap.Logger

	// Registration is what the manager announces of itself in every cluster. Without an address: nothing.
	Registration Registration

	// ProgressInterval is how often a watch asks its member for progress. Default 3 s.
	ProgressInterval time.Duration
	// IdleTimeout is the silence after which a watch gives its member up. Default 10 s.
	IdleTimeout time.Duration
	// ProbeInterval is how often a watch is compared with a read through another member. Default 1 s.
	ProbeInterval time.Duration
	// ProbeTimeout bounds that read. Default 1 s.
	ProbeTimeout time.Duration
	// ProbeGrace is how long a watch may take to deliver what the read showed. Default 300 ms.
	ProbeGrace time.Duration
	// Quarantine is how long a member found stale or silent is avoided while there are others. Default 30 s.
	Quarantine time.Duration

	// RequestTimeout bounds a snapshot read and a read of the member list. Default 2 s.
	RequestTimeout time.Duration
	// CreateTimeout bounds the creation of a watch, connecting included. Default 2 s.
	CreateTimeout time.Duration
	// BackoffBase is the pause after every member was tried once without success. It doubles each round, up to
	// BackoffCap, and varies by 10 %. Defaults 100 ms and 3 s.
	BackoffBase, BackoffCap time.Duration
	// SyncInterval is how often the member list is read. Default 30 s.
	SyncInterval time.Duration

	// DialTimeout bounds what an etcd client does while it is made, such as fetching a token. Default 5 s.
	// Connecting itself is bounded by the timeout of the request that needs the connection.
	DialTimeout time.Duration
	// KeepAliveTime and KeepAliveTimeout are when a silent connection is pinged, and how long the answer may take.
	// gRPC raises a KeepAliveTime under 10 s to 10 s. Defaults 10 s and 3 s.
	KeepAliveTime, KeepAliveTimeout time.Duration

	// LeaseTTL is the lifetime of the registration without a refresh, in whole seconds (rounded up). Default 45 s.
	LeaseTTL time.Duration
	// RefreshInterval is how often the registration is refreshed. Default 30 s.
	RefreshInterval time.Duration
	// RegisterTimeout bounds one try to write the registration, RegisterPause is the pause before the next try,
	// through another member, and RegisterTries the number of tries. Defaults 2 s, 1 s, 3.
	RegisterTimeout, RegisterPause time.Duration
	RegisterTries                  int
	// CloseTimeout bounds the attempt to revoke the registration's lease when a cluster is removed or the manager
	// closed; the lease expires by itself if that fails. Default 5 s.
	CloseTimeout time.Duration

	// Rand is the source of jitter, in [0, 1). Nil: math/rand/v2. It is called from several goroutines.
	Rand func() float64
}

// Registration is what a manager writes about itself to /topology/tiproxy/<address>/info.
type Registration struct {
	// Address is the host:port that names the instance. Empty: the manager registers nothing.
	Address    string
	Version    string
	GitHash    string
	StatusPort string
	DeployPath string
	// StartTimestamp is in Unix seconds. Zero: when the manager was made.
	StartTimestamp int64
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.ProgressInterval, 3 * time.Second},
		{&c.IdleTimeout, 10 * time.Second},
		{&c.ProbeInterval, time.Second},
		{&c.ProbeTimeout, time.Second},
		{&c.ProbeGrace, 300 * time.Millisecond},
		{&c.Quarantine, 30 * time.Second},
		{&c.RequestTimeout, 2 * time.Second},
		{&c.CreateTimeout, 2 * time.Second},
		{&c.BackoffBase, 100 * time.Millisecond},
		{&c.BackoffCap, 3 * time.Second},
		{&c.SyncInterval, 30 * time.Second},
		{&c.DialTimeout, 5 * time.Second},
		{&c.KeepAliveTime, 10 * time.Second},
		{&c.KeepAliveTimeout, 3 * time.Second},
		{&c.LeaseTTL, 45 * time.Second},
		{&c.RefreshInterval, 30 * time.Second},
		{&c.RegisterTimeout, 2 * time.Second},
		{&c.RegisterPause, time.Second},
		{&c.CloseTimeout, 5 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if c.RegisterTries == 0 {
		c.RegisterTries = 3
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	if c.Registration.StartTimestamp == 0 {
		c.Registration.StartTimestamp = time.Now().Unix()
	}
	return c
}

// validate says everything that is wrong with a config whose defaults are filled in.
func (c Config) validate() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"progress interval", c.ProgressInterval},
		{"idle timeout", c.IdleTimeout},
		{"probe interval", c.ProbeInterval},
		{"probe timeout", c.ProbeTimeout},
		{"probe grace", c.ProbeGrace},
		{"quarantine", c.Quarantine},
		{"request timeout", c.RequestTimeout},
		{"create timeout", c.CreateTimeout},
		{"backoff base", c.BackoffBase},
		{"backoff cap", c.BackoffCap},
		{"sync interval", c.SyncInterval},
		{"dial timeout", c.DialTimeout},
		{"keepalive time", c.KeepAliveTime},
		{"keepalive timeout", c.KeepAliveTimeout},
		{"lease TTL", c.LeaseTTL},
		{"refresh interval", c.RefreshInterval},
		{"register timeout", c.RegisterTimeout},
		{"register pause", c.RegisterPause},
		{"close timeout", c.CloseTimeout},
	} {
		if d.value < 0 {
			refuse("%s is negative: %v", d.name, d.value)
		}
	}
	if c.ProgressInterval >= c.IdleTimeout {
		refuse("progress interval %v must be shorter than idle timeout %v, or a healthy watch is taken for a silent one",
			c.ProgressInterval, c.IdleTimeout)
	}
	if c.BackoffBase > c.BackoffCap {
		refuse("backoff base %v must not exceed backoff cap %v", c.BackoffBase, c.BackoffCap)
	}
	if c.Registration.Address == "" {
		return errors.Join(errs...)
	}
	if _, _, err := net.SplitHostPort(c.Registration.Address); err != nil {
		refuse("registration address %q is not host:port: %w", c.Registration.Address, err)
	}
	if c.RegisterTries < 1 {
		refuse("register tries must be at least 1, not %d", c.RegisterTries)
	}
	if slowest := c.slowestRefresh(); slowest >= c.LeaseTTL {
		refuse("lease TTL %v must exceed the slowest refresh, %v: the refresh interval %v, then %d tries of %v with pauses of %v",
			c.LeaseTTL, slowest, c.RefreshInterval, c.RegisterTries, c.RegisterTimeout, c.RegisterPause)
	}
	return errors.Join(errs...)
}

// slowestRefresh is when, counted from the last refresh, the next one is done if only its last try succeeds.
func (c Config) slowestRefresh() time.Duration {
	tries := time.Duration(c.RegisterTries)
	return c.RefreshInterval + tries*c.RegisterTimeout + (tries-1)*c.RegisterPause
}
