package manager

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

var (
	// ErrNoCluster says that the manager manages no cluster of that name, or that the question needs a cluster and
	// none was named.
	ErrNoCluster = errors.New("backend cluster not found")
	// ErrClusterGone is what every [*ClusterGoneError] is.
	ErrClusterGone = errors.New("cluster is gone")
)

// NoClusterError is an [ErrNoCluster] with the name that was asked for.
type NoClusterError struct{ Cluster string }

func (e *NoClusterError) Error() string { return fmt.Sprintf("%v: %q", ErrNoCluster, e.Cluster) }

func (e *NoClusterError) Unwrap() error { return ErrNoCluster }

// ClusterGoneError says that a handle outlived what it was a handle of. Asking the manager for the cluster again
// gives the handle that is good now, if there is one.
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

// gate lets calls into a runtime while it lives. Shutting it turns newcomers away and cancels who is inside;
// waiting for it afterwards means that nobody uses the runtime's clients any more, so that they can be closed.
type gate struct {
	// life ends with the gate, its cause is why.
	life context.Context
	end  context.CancelCauseFunc

	// mu makes sure that nobody enters once life has ended, so that wait misses nobody.
	mu     sync.Mutex
	inside sync.WaitGroup
}

func newGate() *gate {
	g := &gate{}
	g.life, g.end = context.WithCancelCause(context.Background())
	return g
}

// enter admits a call. Its context ends when ctx does, and, with the reason as its cause, when the gate is shut.
// Leaving is due as soon as the call no longer uses the runtime; the context lives on until release.
func (g *gate) enter(ctx context.Context) (inner context.Context, leave, release func(), err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.life.Err() != nil {
		return nil, nil, nil, context.Cause(g.life)
	}
	g.inside.Add(1)
	inner, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(g.life, func() { cancel(context.Cause(g.life)) })
	return inner, sync.OnceFunc(g.inside.Done), func() { stop(); cancel(nil) }, nil
}

// do makes a call inside the gate and says the true reason when the gate was what ended it.
func (g *gate) do(ctx context.Context, call func(context.Context) error) error {
	inner, leave, release, err := g.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
	defer leave()
	return orGone(inner, call(inner))
}

// orGone replaces an error by the reason why the context of its call was ended, if the gate did it.
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

// wait returns when everybody inside has left. The gate must be shut.
func (g *gate) wait() { g.inside.Wait() }
