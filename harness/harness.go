// Package harness runs a manager against several real etcd clusters, hurts those clusters the way production does, and
// judges the manager by bounds derived from the timing in force.
//
//	scenario ──────────────► World ◄───────────── Engine: virtual | embedded
//	(in the words of          │
//	 the incident)            ├── Cluster alpha:  m1  m2  m3 ◄── faults (fault points)
//	                          ├── Cluster beta:   m1  m2  m3
//	                          │      │ ledger          │ watches
//	                          ├── workload writes   Manager (yours, as a Candidate)
//	                          │      │                 │ View, read at short intervals
//	                          └──►  Record  ──►  oracles  ──►  Result: verdicts with evidence
//
// A test calls [Run], a command [Execute]; both return a [Result]. The body of a scenario gets a [World] and needs only this package and package
// fault. To test your own manager, write a [Candidate]; if your code mirrors keys, [Mirror] makes the manager of one function.
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

// Manager is the system under test: code that keeps watches or leases on one or several etcd clusters. An adapter for yours has these three methods.
//
// A manager may also implement [KeyOwner], [Pusher], [Claimer], [ClaimPusher] and [Outliver], and the error of a View may implement [IdleTimeout]; the harness finds them by type
// assertion.
type Manager interface {
	// Apply makes the given clusters the complete managed set. It may be called at any time, concurrently with everything else. A cluster
	// that cannot be reached yet is no error. ctx ends when the call returns: whatever continues after it needs a context of its own.
	Apply(ctx context.Context, targets []Target) error
	// View returns what the manager believes of a cluster now; false if it does not manage the cluster. It must answer from memory, at once, see
	// [bound.Bounds.Look].
	View(cluster string) (View, bool)
	// Close ends the manager. When it returns, no goroutine, connection, watch or lease of the manager may be left.
	Close() error
}

// KeyOwner is a manager that keeps keys of its own in each cluster.
type KeyOwner interface {
	// OwnKeys returns the keys that must exist in the cluster while the manager manages it, and must be gone after Close.
	OwnKeys(cluster string) []string
}

// Pusher is a manager that reports every change of its view, so that the harness misses nothing between two calls of View.
type Pusher interface {
	// Push is called once, before Apply. From then on the manager calls f with every new view. The calls for one cluster come in the order of
	// the views. f returns soon.
	Push(f func(cluster string, v View))
}

// Outliver is an adapter for a manager that goes on after the run, such as a process that somebody else has started and will end. Its Close ends the
// adapter only. So nobody looks for the connections, watches, leases and keys that the manager has after Close.
type Outliver interface{ OutlivesRun() }

// IdleTimeout is implemented by the error of a View, or by one in its chain, that says that a watch received nothing, progress included, for the
// manager's idle timeout. The method returns that timeout.
type IdleTimeout interface{ IdleTimeout() time.Duration }

// Subject is one thing that has a value: a kind of the workload and a name, for example an instance of a service.
type Subject = record.Subject

// Kind is a kind of facts, as a workload declares it.
type Kind = record.Kind

// Change is a subject's new value; an empty value says that the subject is gone.
type Change = record.Change

// Facts are the values of all subjects that exist. A subject that is not in the map does not exist.
type Facts map[Subject]string

// View is what a manager believes of a cluster. The harness only reads it, so the manager may share its map as long as nobody changes it.
type View struct {
	// Facts are the facts of the kinds that the candidate shows; others are ignored.
	Facts Facts
	// Revision is the etcd revision that the facts are based on: they show every update up to it. It never falls. Zero: the manager knows
	// none.
	Revision int64
	// Health says whether the manager believes that the view is up to date.
	Health Health
	// Err is the last error of the cluster; it stays after recovery, until another error. Nil: there was none.
	Err error
}

// Health says whether a manager believes that a view is up to date.
type Health int

const (
	// HealthUnknown says that the manager does not know.
	HealthUnknown Health = iota
	// UpToDate says that the view is believed to be up to date.
	UpToDate
	// OutOfDate says that the view may be stale.
	OutOfDate
)

// Target is a cluster for the manager to manage.
type Target struct {
	// Cluster is the name of the cluster, the one that View is called with.
	Cluster string
	// Endpoints are the client URLs of all members. Their order may differ from Apply to Apply.
	Endpoints []string
	// TLS is the TLS configuration for the members. Nil: plain connections. Another pointer than at the last Apply says that the certificates were
	// replaced: the members then refuse new connections that are made with the old ones.
	TLS *tls.Config
	// Username and Password are for a cluster with authentication. Empty: the cluster has no users.
	Username, Password string
	// DialOptions are what every client of this cluster needs. They differ from cluster to cluster.
	DialOptions []grpc.DialOption
	// Log receives the log of clients.
	Log *zap.Logger
}

// Config returns a complete client configuration for this target. A manager adds its own settings and keeps these. In virtual time the calls of a
// client that is made without the dial options fail with an error that says so. With a password, clientv3.New logs in before it returns: it blocks until
// a member answers, at most for the configuration's DialTimeout if that is set.
func (t Target) Config() clientv3.Config {
	return clientv3.Config{
		Endpoints:   slices.Clone(t.Endpoints),
		TLS:         t.TLS,
		Username:    t.Username,
		Password:    t.Password,
		DialOptions: slices.Clone(t.DialOptions),
		Logger:      t.Log,
	}
}

// Equal says whether two targets lead to the same members with the same credentials, so that a manager that was given one may go on as it is when it
// is given the other. The order of the endpoints does not matter.
func (t Target) Equal(other Target) bool {
	sorted := func(endpoints []string) []string { return slices.Sorted(slices.Values(endpoints)) }
	return t.Cluster == other.Cluster && slices.Equal(sorted(t.Endpoints), sorted(other.Endpoints)) && t.TLS == other.TLS &&
		t.Username == other.Username && t.Password == other.Password
}

// Setup is what a world gives to a manager that it makes.
type Setup struct {
	// Timing is the timing in force, with the candidate's own intervals.
	Timing bound.Timing
	// Workload is the workload of the run.
	Workload *Workload
	// Number is the number of the manager among those of its world, from 1 on. Managers with keys of their own name them by it, since each must have
	// its own.
	Number int
	// Log receives the manager's log.
	Log *zap.Logger
	// Rand returns random numbers in [0, 1) that follow from the run's seed. A manager that takes its jitter from it draws the same numbers in
	// each run of a seed. It is safe for concurrent use.
	Rand func() float64
}

// NewManager makes a manager for one run. An error, a nil manager or a panic is a failure of the manager.
type NewManager func(Setup) (Manager, error)

// ManagerTiming has a manager's own intervals. Unless a field says otherwise, zero means that the manager has no such interval.
type ManagerTiming = bound.Manager
