package guard

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

var (
	// ErrClosed is returned by the methods of a closed client.
	ErrClosed = errors.New("client is closed")
	// ErrPending is the error of a snapshot as long as the cluster has not answered yet and nothing has failed.
	ErrPending = errors.New("cluster has not answered yet")
	// ErrUnproven says that no member answered a probe of a watch within the idle timeout after it was due, although the watch
	// itself is answered: the cluster may have lost its quorum, or the client may reach only a member that hangs.
	ErrUnproven = errors.New("no member says whether the watch is complete")
	// ErrRevisionWentBack says that a member answered with a revision older than one already seen from its cluster, or
	// with keys that contradict those seen before, or belongs to another cluster: the cluster was restored from a backup.
	// The answer is used only when most members have answered so. Then [Snapshot.History] rises.
	ErrRevisionWentBack = errors.New("revision went back")
)

// Where says where an error happened, and how long the operation that failed had taken.
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

// IdleTimeoutError says that a watch received nothing from its member, progress included, for the idle timeout.
// Elapsed is how long the member was silent.
type IdleTimeoutError struct {
	Where
	// Idle is the idle timeout.
	Idle time.Duration
}

func (e *IdleTimeoutError) Error() string {
	return fmt.Sprintf("watch is silent, idle timeout %v (%v)", e.Idle, e.Where)
}

// IdleTimeout returns the idle timeout that has passed.
func (e *IdleTimeoutError) IdleTimeout() time.Duration { return e.Idle }

// StaleError says that a watch did not deliver in time what a linearizable read through another member showed.
// Elapsed counts from the moment that read was sent.
type StaleError struct {
	Where
	// Witness is the endpoint of the other member, through which the read went.
	Witness string
	// Seen is the revision up to which the watch had delivered, Shown the revision that it should have reached.
	Seen, Shown int64
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("watch is stale at revision %d, %q showed %d (%v)", e.Seen, e.Witness, e.Shown, e.Where)
}

// CompactedError says that a watch could not resume because its revision was compacted. The watch reads the keys again.
type CompactedError struct {
	Where
	// Wanted is the first revision that was requested, Compacted the cluster's compact revision.
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
