package guard

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

var (
	// ErrClosed is returned by everything that is asked of a closed client.
	ErrClosed = errors.New("client is closed")
	// ErrPending is the error of a snapshot while the cluster has not answered for the first time and nothing failed yet.
	ErrPending = errors.New("cluster has not answered yet")
	// ErrRevisionWentBack says that a member answered with a revision older than one already seen from its
	// cluster, as a member restored from a backup does. Its answer is not used.
	ErrRevisionWentBack = errors.New("revision went back")
)

// Where names the place of an error and how long the thing that failed had been going on.
type Where struct {
	// Cluster is the name that [Config.Cluster] gave; empty if it gave none.
	Cluster  string
	Endpoint string
	// Key is the key or the key prefix concerned; empty where none is.
	Key     string
	Elapsed time.Duration
}

func (w Where) String() string {
	var parts []string
	for _, part := range []struct{ name, value string }{{"cluster", w.Cluster}, {"endpoint", w.Endpoint}, {"key", w.Key}} {
		if part.value != "" {
			parts = append(parts, fmt.Sprintf("%s %q", part.name, part.value))
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("after %v", w.Elapsed)), ", ")
}

// OpError is an operation on a member that failed: a read, a watch that could not be created or broke, a lease.
type OpError struct {
	Where
	Op  string
	Err error
}

func (e *OpError) Error() string { return fmt.Sprintf("%s (%v): %v", e.Op, e.Where, e.Err) }

func (e *OpError) Unwrap() error { return e.Err }

// IdleTimeoutError says that a watch heard nothing from its member, progress included, for the idle timeout.
// Elapsed is the silence as measured.
type IdleTimeoutError struct {
	Where
	// Idle is the limit that was exceeded.
	Idle time.Duration
}

func (e *IdleTimeoutError) Error() string {
	return fmt.Sprintf("watch is silent, idle timeout %v (%v)", e.Idle, e.Where)
}

// IdleTimeout is the limit that was exceeded.
func (e *IdleTimeoutError) IdleTimeout() time.Duration { return e.Idle }

// StaleError says that a watch did not deliver in time what a linearizable read through another member showed.
// Elapsed counts from the moment that read was sent.
type StaleError struct {
	Where
	// Witness is the endpoint of the member that showed more.
	Witness string
	// Seen is the revision up to which the watch had delivered, Shown the one it should have reached.
	Seen, Shown int64
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("watch is stale at revision %d, %q showed %d (%v)", e.Seen, e.Witness, e.Shown, e.Where)
}

// CompactedError says that the history a watch wanted to continue from is gone. The watch reads the keys anew.
type CompactedError struct {
	Where
	// Wanted is the first revision asked for, Compacted the one up to which history is gone.
	Wanted, Compacted int64
}

func (e *CompactedError) Error() string {
	return fmt.Sprintf("revision %d is compacted, history starts after %d (%v)", e.Wanted, e.Compacted, e.Where)
}

// EndpointError says what is wrong with an endpoint of a [Config], or with the list of them.
type EndpointError struct {
	// Endpoint is empty when the list as a whole is wrong.
	Endpoint string
	Reason   string
}

func (e *EndpointError) Error() string {
	if e.Endpoint == "" {
		return "endpoints: " + e.Reason
	}
	return fmt.Sprintf("endpoint %q: %s", e.Endpoint, e.Reason)
}
