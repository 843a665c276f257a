package manager

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

var (
	// ErrNoCluster says that the manager manages no cluster of that name, or that the call needs a cluster and
	// none was named.
	ErrNoCluster = errors.New("backend cluster not found")
	// ErrClusterGone matches every [*ClusterGoneError] in errors.Is.
	ErrClusterGone = errors.New("cluster is gone")
)

// NoClusterError is an [ErrNoCluster] with the name that was asked for.
type NoClusterError struct{ Cluster string }

func (e *NoClusterError) Error() string { return fmt.Sprintf("%v: %q", ErrNoCluster, e.Cluster) }

func (e *NoClusterError) Unwrap() error { return ErrNoCluster }

// ClusterGoneError says that a handle is not valid any more. If the cluster is still managed, [Manager.Cluster] returns a
// valid handle.
type ClusterGoneError struct {
	Cluster string
	// Replaced is true when a changed target gave the cluster another runtime, false when it was removed.
	Replaced bool
	// Closed is true when the manager as a whole was closed; the error is then an [ErrClosed] too.
	Closed bool
}

func (e *ClusterGoneError) Error() string {
	switch {
	case e.Closed:
		return fmt.Sprintf("%v: %q: %v", ErrClusterGone, e.Cluster, ErrClosed)
	case e.Replaced:
		return fmt.Sprintf("%v: %q was replaced, its target changed", ErrClusterGone, e.Cluster)
	default:
		return fmt.Sprintf("%v: %q was removed", ErrClusterGone, e.Cluster)
	}
}

func (e *ClusterGoneError) Unwrap() []error {
	if e.Closed {
		return []error{ErrClusterGone, ErrClosed}
	}
	return []error{ErrClusterGone}
}

// gate admits calls that use a runtime's clients until it is shut. Shutting it refuses further calls and cancels those
// that are inside. When wait has returned after that, no call uses the clients any more, so they can be closed.
type gate struct {
	// ctx ends when the gate is shut. Its cause is the reason.
	ctx context.Context
	end context.CancelCauseFunc

	// mu makes sure that no call enters after ctx has ended, so that wait waits for every call.
	mu     sync.Mutex
	inside sync.WaitGroup
}

func newGate() *gate {
	g := &gate{}
	g.ctx, g.end = context.WithCancelCause(context.Background())
	return g
}

// enter admits a call. The context inner ends when ctx ends, and when the gate is shut, with the reason as its cause. The
// caller must call leave as soon as it no longer uses the runtime, and release when it no longer needs the context.
func (g *gate) enter(ctx context.Context) (inner context.Context, leave, release func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ctx.Err() != nil {
		return nil, nil, nil, context.Cause(g.ctx)
	}
	g.inside.Add(1)
	inner, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(g.ctx, func() { cancel(context.Cause(g.ctx)) })
	return inner, sync.OnceFunc(g.inside.Done), func() { stop(); cancel(nil) }, nil
}

// do makes a call inside the gate. If the call was canceled because the gate was shut, do returns the reason.
func (g *gate) do(ctx context.Context, call func(context.Context) error) error {
	inner, leave, release, err := g.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	defer leave()
	return orGone(inner, call(inner))
}

// orGone replaces the error of a call by the reason of the gate if the gate has canceled the call's context.
func orGone(inner context.Context, err error) error {
	var gone *ClusterGoneError
	if err != nil && errors.As(context.Cause(inner), &gone) {
		return gone
	}
	return err
}

// shut closes the gate; only the first reason counts.
func (g *gate) shut(reason *ClusterGoneError) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.end(reason)
}

// wait blocks until every call inside has left. The gate must be shut.
func (g *gate) wait() { g.inside.Wait() }
