// Package harness runs a manager against several real etcd clusters, hurts those clusters the way production does, and
// judges the manager by bounds derived from the timing in force.
//
//	scenario ──────────────► World ◄───────────── Engine: virtual | embedded
//	(in the words of          │
//	 the incident)            ├── Cluster alpha:  m1  m2  m3 ◄── faults (fault points)
//	                          ├── Cluster beta:   m1  m2  m3
//	                          │      │ ledger          │ watches
//	                          ├── workload writes   Manager (yours, as a Candidate)
//	                          │      │                 │ View, looked at all the time
//	                          └──►  Record  ──►  oracles  ──►  Result: verdicts with evidence
//
// A test calls [Run], a command [Execute]; both end in the same [Result]. A scenario takes a [World] and needs nothing but
// this package and package fault. Whoever brings a manager writes a [Candidate], and for code that mirrors prefixes only a [Mirror].
package harness

import (
	"context"
	"crypto/tls"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

// Manager is the system under test: anything that keeps watches and leases on several etcd clusters. An adapter for yours
// is these three methods.
//
// A manager that can do more may have these too; they are found by type assertion: [KeyOwner], [Pusher], and, for an error in a View,
// [IdleTimeout].
type Manager interface {
	// Apply makes the given clusters the complete managed set. It may be called at any time, concurrently with everything else. A cluster
	// that cannot be reached yet is no error. ctx ends with the call: what goes on after it needs a context of its own.
	Apply(ctx context.Context, targets []Target) error
	// View is what the manager believes of a cluster now; false if it does not manage it. It answers at once, from what it has.
	View(cluster string) (View, bool)
	// Close ends the manager: when it returns, no goroutine, connection or lease of it is left.
	Close() error
}

// KeyOwner is a manager that keeps keys of its own in each cluster.
type KeyOwner interface {
	// OwnKeys are the keys that must stand in the cluster while the manager lives, and be gone after Close.
	OwnKeys(cluster string) []string
}

// Pusher is a manager that can say each time that its view of a cluster has changed, so that nothing is missed between two looks.
type Pusher interface {
	// Push is called once, before Apply. From then on the manager calls f with every new view, in order for each cluster. f
	// returns at once.
	Push(f func(cluster string, v View))
}

// IdleTimeout is an error that says that a watch was silent, progress included, for an idle timeout: which one, itself or in its chain.
type IdleTimeout interface{ IdleTimeout() time.Duration }

// Subject is one thing that a manager can believe something of: a kind of the workload's and a name.
type Subject = record.Subject

// Kind is a sort of fact, as a workload declares it.
type Kind = record.Kind

// Facts are what somebody believes: the value of each subject. A subject that is not there is not there.
type Facts map[Subject]string

// View is what a manager believes of a cluster. The harness only reads it; its map may be shared.
type View struct {
	Facts Facts
	// Revision is the etcd revision that the facts are based on: they show every update up to it. It never decreases. Zero: the manager
	// keeps none.
	Revision int64
	// Health is whether the manager takes itself to be up to date.
	Health Health
	// Err is the cluster's last error; it stays until another one.
	Err error
}

// Health is whether a manager takes its view to be up to date.
type Health int

const (
	// HealthUnknown is what a manager says that does not know.
	HealthUnknown Health = iota
	// UpToDate says that the view is believed to be up to date.
	UpToDate
	// OutOfDate says that the view may be stale.
	OutOfDate
)

// Target is a cluster for the manager to manage.
type Target struct {
	Cluster   string
	Endpoints []string
	TLS       *tls.Config
	// DialOptions are needed to reach the members of this cluster, and of no other.
	DialOptions []grpc.DialOption
	// Log is where clients may write.
	Log *zap.Logger
}

// Config is a client's configuration that is complete for this target: a manager adds its own settings and keeps these. In virtual time a
// client that is made without the dial options reaches nothing and is told so.
func (t Target) Config() clientv3.Config {
	return clientv3.Config{
		Endpoints:   slices.Clone(t.Endpoints),
		TLS:         t.TLS,
		DialOptions: slices.Clone(t.DialOptions),
		Logger:      t.Log,
	}
}

// Setup is what a world hands to a manager that it makes.
type Setup struct {
	// Timing is the one in force, the candidate's own figures included.
	Timing bound.Timing
	// Workload is the one that runs.
	Workload *Workload
	// Log is where the manager may write.
	Log *zap.Logger
	// Rand draws from [0, 1) by the run's seed: what the manager draws from it, jitter for example, is the same when the seed is. It may
	// be called from several goroutines.
	Rand func() float64
}

// NewManager makes a manager.
type NewManager func(Setup) (Manager, error)

// ManagerTiming is a manager's own timing. A zero field means that the manager has no such thing.
type ManagerTiming = bound.Manager
