// Package harness runs a manager against several real etcd clusters, hurts those clusters the way production does, and
// judges the manager by bounds derived from the timing in force.
//
//	scenario ──────────────► World ◄───────────── Engine: embedded | virtual
//	(in the words of          │
//	 the incident)            ├── Cluster alpha:  m1  m2  m3 ◄── faults (fault points)
//	                          ├── Cluster beta:   m1  m2  m3
//	                          │      │ ledger          │ watches
//	                          ├── fakes commit      Manager (yours)
//	                          │      │                 │ View, looked at all the time
//	                          └──►  Record  ──►  oracles  ──►  Result: verdicts with evidence
//
// A test calls [Run], a command [Execute]; both end in the same [Result]. A scenario takes a [World] and needs nothing but
// this package and package fault.
package harness

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Manager is the system under test: anything that keeps watches and leases on several etcd clusters. An adapter for yours
// is these three methods.
//
// A manager that keeps keys of its own, or is told more than it is asked, may have these too; they are found by type assertion:
//   - OwnKeys(cluster string) []string: the keys that it keeps in the cluster while it lives, see [Registrar];
//   - an error in a View that has IdleTimeout() time.Duration, itself or in its chain, is an idle timeout of a watch.
type Manager interface {
	// Apply makes the given clusters the complete managed set. A cluster that cannot be reached yet is no error.
	Apply(ctx context.Context, targets []Target) error
	// View is what the manager believes of a cluster now. It never blocks.
	View(cluster string) (View, bool)
	// Close ends the manager: when it returns, no goroutine, connection or lease of it is left.
	Close() error
}

// Registrar is a manager that keeps keys of its own in each cluster.
type Registrar interface {
	// OwnKeys are the keys that must stand in the cluster while the manager lives, and be gone after Close.
	OwnKeys(cluster string) []string
}

// Target is a cluster for the manager to manage.
type Target struct {
	Cluster     string
	Endpoints   []string
	TLS         *tls.Config
	DialOptions []grpc.DialOption // needed to reach the world's members, see Engine
}

// View is what a manager believes of a cluster. The harness only reads it; its maps may be shared.
type View struct {
	// Backends are the live TiDB servers, by address.
	Backends map[string]Backend
	// Checkpoints are the newest global checkpoints, by task.
	Checkpoints map[string]uint64
	// Revision is the etcd revision that the view is based on. It never decreases.
	Revision int64
	// Healthy says whether the manager thinks that the view is up to date.
	Healthy bool
	// Err is the cluster's last error; it stays until another one.
	Err error
}

// Backend is a TiDB server as its registration describes it.
type Backend struct {
	StartTimestamp int64
}

// Setup is what a world hands to a manager that it makes.
type Setup struct {
	// Timing is the one in force.
	Timing bound.Timing
	// Log is where the manager may write.
	Log *zap.Logger
	// Rand draws from [0, 1) by the run's seed: what the manager draws from it, jitter for example, is the same when the seed is. It may
	// be called from several goroutines.
	Rand func() float64
}

// NewManager makes a manager.
type NewManager func(Setup) (Manager, error)

// Spec is a cluster to start: a name and 1, 3 or 5 members, which are called m1, m2, …
type Spec struct {
	Name    string
	Members int
}

// Engine builds the clusters of a world. There are two, embedded and virtual; both run unmodified etcd.
type Engine interface {
	// Name is the engine's, as the command spells it.
	Name() string
	// Timing is the one that suits the engine.
	Timing() bound.Timing
	// Dir is where the engine's data are best kept, in memory for example; empty: wherever temporary files are.
	Dir() string
	// Run calls body in the engine's time and returns when body and everything it started has ended. The error names what did not
	// end.
	Run(body func()) error
	// Start starts a cluster and returns when every member serves and one leads, or when ctx ends.
	Start(ctx context.Context, spec Spec, env Env) (Members, error)
}

// Env is what a world lends to an engine for a cluster.
type Env struct {
	Timing   bound.Timing
	Board    *point.Board
	Recorder *record.Recorder
	Dir      string // the cluster's own directory, which exists and is removed by the world
	Log      *zap.Logger
}

// Members is a running cluster as its engine sees it. Members are named as in the [Spec]; methods may be called from anywhere.
type Members interface {
	// Server is the member's etcd server, nil while the member is down.
	Server(member string) *etcdserver.EtcdServer
	// Endpoint is the client URL that the member advertises; it leads to the link.
	Endpoint(member string) string
	// DialOptions are what a client needs to reach the endpoints.
	DialOptions() []grpc.DialOption
	// Connections counts the client connections to the member.
	Connections(member string) int
	// CutClients resets the member's client connections.
	CutClients(member string)
	// Kill stops a member the hard way: connections are reset and no leadership is handed over. Its data stay.
	Kill(ctx context.Context, member string) error
	// Restart starts a killed member on its data and returns when it serves.
	Restart(ctx context.Context, member string) error
	// Add starts a new member that joins the cluster, and returns when it serves. The name must be new.
	Add(ctx context.Context, member string) error
	// Remove takes a member out of the cluster and stops it. A member that is down can be removed too. Its data are gone.
	Remove(ctx context.Context, member string) error
	// Close stops what still runs. The world has healed all faults before.
	Close() error
}

// AwaitLeader blocks until all members of a cluster that has just been started follow one leader, and looks every so often. It returns
// an error when ctx ends first. Engines use it.
func AwaitLeader(ctx context.Context, m Members, spec Spec, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for !followOne(m, memberNames(spec)) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("cluster %s has no leader yet: %w", spec.Name, ctx.Err())
		}
	}
	return nil
}

// followOne says whether all members are up and follow the same leader.
func followOne(m Members, names []string) bool {
	var leader uint64
	for _, name := range names {
		s := m.Server(name)
		if s == nil || s.Leader() == 0 || leader != 0 && uint64(s.Leader()) != leader {
			return false
		}
		leader = uint64(s.Leader())
	}
	return true
}
