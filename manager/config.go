package manager

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// Config is how a manager behaves. The zero value is the production setting; a zero field means its default.
type Config struct {
	// Logger receives the manager's log and that of its etcd clients. Nil: no log.
	Logger *zap.Logger

	// Registerer receives the metrics of the manager, which withdraws them when it is closed. Two managers on one
	// registerer must be told apart by a label (prometheus.WrapRegistererWith). Nil: no metrics. See [MetricNames].
	Registerer prometheus.Registerer

	// Registration is what the manager announces of itself in every cluster. Without an address: nothing, until
	// [Manager.SetAddress] gives it one.
	Registration Registration

	// Keyspaces adds the TiDB servers of keyspaces, below /keyspaces/tidb/, to the backends. It costs each cluster
	// another guarded watch, with its stream, its probes and every event below that prefix. Default false.
	Keyspaces bool
	// StaleAfter is how old the last proof that a cluster's backends are complete may be before
	// [Manager.Topology] marks them stale. Default 5 s.
	StaleAfter time.Duration
	// QueryTimeout bounds a metrics query to one cluster, discovery of its Prometheus included. Default 5 s.
	QueryTimeout time.Duration

	// ProgressInterval is how often a watch asks its member for progress. Default 3 s.
	ProgressInterval time.Duration
	// IdleTimeout is the silence after which a watch gives its member up. Default 10 s.
	IdleTimeout time.Duration
	// Hedged watches each prefix through two members at once, where there are two, and takes what comes first. A member
	// that hangs or freezes then costs no more than the election that its cluster may need.
	//
	// It costs a second connection and a second stream per prefix to each cluster, a second progress request each
	// ProgressInterval per prefix, every event twice, and a second snapshot at the start. Probes do not double: one
	// read serves both streams. Measured, a calm cluster gets 2.1 requests and 1.4 stream messages a second from a hedged
	// manager, and 2.1 and 0.7 from another (BenchmarkCalm in package scenarios).
	Hedged bool
	// WithoutProbe leaves the freshness probe out. Then nothing notices a leader whose disk hangs, whose watches go on
	// answering progress: it is for comparison, and for who cannot afford two small reads a second.
	WithoutProbe bool
	// ProbeInterval is how often a watch is compared with a read through another member: a linearizable read of at
	// most one key without its value. There is never more than one at a time and one per interval for each watched
	// prefix, hedged or not, so that a cluster has 2 of them a second by default (3 with Keyspaces). Default 1 s.
	ProbeInterval time.Duration
	// ProbeTimeout bounds that read. Default 1 s.
	ProbeTimeout time.Duration
	// ProbeGrace is how long a watch may take to deliver what the read showed. Default 300 ms.
	ProbeGrace time.Duration
	// Quarantine is how long a member found stale or silent is avoided while there are others. Default 30 s.
	Quarantine time.Duration

	// Escalation is how many times its first value a timeout for taking a seat, RequestTimeout or CreateTimeout, may
	// grow to: the nth attempt in a row that runs out of time is followed by one with n+1 times the first value, up
	// to this. Default 1: timeouts stay as they are.
	Escalation int
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

	metrics *metrics
}

// PresetBR has the figures of TiDB BR's checkpoint advancer (TiDB pull request 69047): progress asked for every
// 30 s, an idle timeout of 90 s, reads and watch creations that may take 5, then 10, then 15 s. It keeps the
// freshness probe, which BR does not have and without which a leader with a hung disk is never left; set
// WithoutProbe for BR's behavior to the letter.
func PresetBR() Config {
	return Config{
		ProgressInterval: 30 * time.Second,
		IdleTimeout:      90 * time.Second,
		RequestTimeout:   5 * time.Second,
		CreateTimeout:    5 * time.Second,
		Escalation:       3,
	}
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
		{&c.StaleAfter, 5 * time.Second},
		{&c.QueryTimeout, 5 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if c.Escalation == 0 {
		c.Escalation = 1
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
		{"stale after", c.StaleAfter},
		{"query timeout", c.QueryTimeout},
	} {
		if d.value < 0 {
			refuse("%s is negative: %v", d.name, d.value)
		}
	}
	if c.ProgressInterval >= c.IdleTimeout {
		refuse("progress interval %v must be shorter than idle timeout %v, or a healthy watch is taken for a silent one",
			c.ProgressInterval, c.IdleTimeout)
	}
	if c.Escalation < 1 {
		refuse("escalation must be at least 1, not %d", c.Escalation)
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

// farewell is how long gRPC takes at most to part from a member that reads nothing any more.
const farewell = 5 * time.Second

// CloseBound is how long [Manager.Close] takes at most, whatever the members do: CloseTimeout for all attempts to give
// a lease back, and 5 s in which gRPC gives up parting from a member that reads nothing. With a Target.Username a
// client that is just fetching its first token may take DialTimeout more.
func (c Config) CloseBound() time.Duration { return c.withDefaults().CloseTimeout + farewell }

// slowestRefresh is when, counted from the last refresh, the next one is done if only its last try succeeds.
func (c Config) slowestRefresh() time.Duration {
	tries := time.Duration(c.RegisterTries)
	return c.RefreshInterval + tries*c.RegisterTimeout + (tries-1)*c.RegisterPause
}
