package manager

import (
	"errors"
	"fmt"
	"time"
)

var (
	// ErrClosed is returned by everything that is asked of a closed manager.
	ErrClosed = errors.New("manager is closed")
	// ErrPending is a view's error while the cluster has not answered for the first time and nothing failed yet.
	ErrPending = errors.New("cluster has not answered yet")
	// ErrInvalidTarget is what every [*TargetError] is.
	ErrInvalidTarget = errors.New("invalid target")
	// ErrRevisionWentBack says that a member answered with a revision older than one already seen from its
	// cluster, as a member restored from a backup does. Its answer is not used.
	ErrRevisionWentBack = errors.New("revision went back")
)

// Where names the place of an error and how long the thing that failed had been going on.
type Where struct {
	Cluster  string
	Endpoint string
	// Key is the key or the key prefix concerned; empty where none is.
	Key     string
	Elapsed time.Duration
}

func (w Where) String() string {
	return fmt.Sprintf("cluster %q, endpoint %q, key %q, after %v", w.Cluster, w.Endpoint, w.Key, w.Elapsed)
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
	// Witness is the endpoint that showed more.
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

// MalformedError says that a key holds something that cannot be used. The previous value stays in the view and
// the watch goes on. Elapsed counts from when the watch took its seat at Endpoint.
type MalformedError struct {
	Where
	// Revision is that of the write.
	Revision int64
	Err      error
}

func (e *MalformedError) Error() string {
	return fmt.Sprintf("malformed value at revision %d (%v): %v", e.Revision, e.Where, e.Err)
}

func (e *MalformedError) Unwrap() error { return e.Err }

// TargetError says which part of the targets given to Apply is wrong. It is an [ErrInvalidTarget].
type TargetError struct {
	Cluster string
	// Endpoint is empty when the fault is not with one endpoint.
	Endpoint string
	// NameServer is empty when the fault is not with one name server.
	NameServer string
	Reason     string
}

func (e *TargetError) Error() string {
	if e.NameServer != "" {
		return fmt.Sprintf("%v: cluster %q, name server %q: %s", ErrInvalidTarget, e.Cluster, e.NameServer, e.Reason)
	}
	if e.Endpoint != "" {
		return fmt.Sprintf("%v: cluster %q, endpoint %q: %s", ErrInvalidTarget, e.Cluster, e.Endpoint, e.Reason)
	}
	return fmt.Sprintf("%v: cluster %q: %s", ErrInvalidTarget, e.Cluster, e.Reason)
}

func (e *TargetError) Unwrap() error { return ErrInvalidTarget }
