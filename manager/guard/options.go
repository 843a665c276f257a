package guard

import (
	"errors"
	"fmt"
	"time"
)

// Options are the options of a client's watches. The zero value is the production setting; a zero field means its
// default.
type Options struct {
	// ProgressInterval is how often a watch requests progress from its member. Default 3 s.
	ProgressInterval time.Duration
	// IdleTimeout is how long a member may be silent before a watch leaves it. Default 10 s.
	IdleTimeout time.Duration
	// Hedged watches each prefix through two members at once, if there are two, and takes what comes first. A member that
	// hangs or freezes then delays updates only for as long as its cluster may need for an election.
	//
	// It costs a second connection to the cluster, a second stream per prefix, a second progress request each
	// ProgressInterval per prefix, every event twice, and a second snapshot at the start. Probes do not double: one
	// read serves both streams. Measured with two prefixes, a calm cluster gets 1.1 requests and 1.4 stream messages a
	// second if hedged, and 1.1 and 0.7 if not (BenchmarkCalm in package scenarios).
	Hedged bool
	// WithoutProbe turns the freshness probe off. Then nothing notices a leader with a hung disk, which goes on answering
	// progress requests. It is for comparison, and for users who cannot afford a small read every second.
	WithoutProbe bool
	// ProbeInterval is how often a watch is compared with a read through another member: a linearizable read of at
	// most one key of each prefix, without its value. There is never more than one at a time and one per interval for
	// each watch, hedged or not, and one serves all watches of a client that sit on the same members. Default 1 s.
	ProbeInterval time.Duration
	// ProbeTimeout is the timeout of that read. Default 1 s.
	ProbeTimeout time.Duration
	// ProbeGrace is how long a watch may take to deliver what the read showed. Default 300 ms.
	ProbeGrace time.Duration
	// Quarantine is how long a member found stale or silent is avoided while there are others. Default 30 s.
	Quarantine time.Duration

	// Escalation is the largest factor by which the timeouts for attaching to a member, RequestTimeout and CreateTimeout,
	// may grow: after n attempts in a row that timed out, the next one has n+1 times the timeout, up to this factor.
	// Default 1: timeouts do not grow.
	Escalation int
	// RequestTimeout is the timeout of a snapshot read and of a read of the member list. Default 2 s.
	RequestTimeout time.Duration
	// CreateTimeout is the timeout for creating a watch, connecting and fetching a token included. Default 2 s.
	CreateTimeout time.Duration
	// BackoffBase is the pause after every member was tried once without success. It doubles each round, up to
	// BackoffCap, and varies by 10 %. Defaults 100 ms and 3 s.
	BackoffBase, BackoffCap time.Duration
	// SyncInterval is how often the member list is read. Default 30 s.
	SyncInterval time.Duration

	// DialTimeout is the timeout for making an etcd client, which may fetch a token. A watch waits for that no longer than
	// CreateTimeout; the client is made in the background meanwhile. Default 5 s. It does not limit
	// connecting, which is limited by the timeout of the request that needs the connection.
	DialTimeout time.Duration
	// KeepAliveTime is after how much silence a connection with a stream or a request on it is pinged, and KeepAliveTimeout
	// how long the answer may take. gRPC raises a KeepAliveTime under 10 s to 10 s. A connection without a stream or request
	// is never pinged: etcd answers such pings with GOAWAY too_many_pings, after which gRPC pings half as often. If such a
	// connection is broken, the next request on it notices by its own timeout. Defaults 10 s and 3 s.
	KeepAliveTime, KeepAliveTimeout time.Duration
}

// Complete returns the options with defaults for zero fields, or an error that names everything that is wrong with them.
func (o Options) Complete() (Options, error) {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, d := range []struct {
		name   string
		field  *time.Duration
		preset time.Duration
	}{
		{"progress interval", &o.ProgressInterval, 3 * time.Second},
		{"idle timeout", &o.IdleTimeout, 10 * time.Second},
		{"probe interval", &o.ProbeInterval, time.Second},
		{"probe timeout", &o.ProbeTimeout, time.Second},
		{"probe grace", &o.ProbeGrace, 300 * time.Millisecond},
		{"quarantine", &o.Quarantine, 30 * time.Second},
		{"request timeout", &o.RequestTimeout, 2 * time.Second},
		{"create timeout", &o.CreateTimeout, 2 * time.Second},
		{"backoff base", &o.BackoffBase, 100 * time.Millisecond},
		{"backoff cap", &o.BackoffCap, 3 * time.Second},
		{"sync interval", &o.SyncInterval, 30 * time.Second},
		{"dial timeout", &o.DialTimeout, 5 * time.Second},
		{"keepalive time", &o.KeepAliveTime, 10 * time.Second},
		{"keepalive timeout", &o.KeepAliveTimeout, 3 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.preset
		}
		if *d.field < 0 {
			refuse("%s is negative: %v", d.name, *d.field)
		}
	}
	if o.Escalation == 0 {
		o.Escalation = 1
	}
	if o.ProgressInterval >= o.IdleTimeout {
		refuse("progress interval %v must be shorter than idle timeout %v, or a healthy watch is taken for a silent one",
			o.ProgressInterval, o.IdleTimeout)
	}
	if o.Escalation < 1 {
		refuse("escalation must be at least 1, not %d", o.Escalation)
	}
	if o.BackoffBase > o.BackoffCap {
		refuse("backoff base %v must not exceed backoff cap %v", o.BackoffBase, o.BackoffCap)
	}
	return o, errors.Join(errs...)
}

// unprovenAfter is how long after the last answered probe a watch counts as unproven: the next probe was due after the probe interval.
func (o Options) unprovenAfter() time.Duration { return o.ProbeInterval + o.IdleTimeout }
