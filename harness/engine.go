package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/certs"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// The interface of an engine has only what every etcd server shows from outside. So it fits members that are processes of their own, as well as
// members that run in this process. A third engine, harness/process, is planned. It would implement the methods like this:
//
//	Start         a process of the wanted binary per member, on loopback, with a directory each; ready when Status says Up
//	Status        the process lives, and Maintenance.Status on its direct client port, asked every heartbeat and kept: id, leader, term
//	Endpoint      the address of the gRPC proxy in front of the client port, which is the advertised one
//	DialOptions   none
//	Direct        clientv3 on the direct client port, which is advertised to nobody, and a lease client on the same connection; with TLS that port
//	              stays without, and with authentication it logs in as root, again when its token has expired
//	Env.Certificates   --cert-file, --key-file and --trusted-ca-file
//	Supports      all but Apply: from outside, nothing can stop a process from applying entries while its raft loop goes on
//	InForce       wait for the fsync under way; the seccomp listener holds the next one by the new switch
//	Connections   the proxy counts them; CutClients resets them there, StrandClients goes on reading and passes nothing on
//	Kill, Restart SIGKILL and wait; start again on the same directory and ports
//	Misadvertise  another --advertise-client-urls at the next start
//	Add, Remove,  package harness's Membership, as everywhere; then start the process, or kill it and remove its directory
//	Wipe
//	Restore       etcdutl's snapshot restore into a new directory per member, then start the processes
//	Env.Died      Wait returned and nobody had killed it: the exit status and the last line of its log
type (
	// Spec is a cluster to start: a name and 1, 3 or 5 members, which are called m1, m2, …
	Spec struct {
		Name    string
		Members int
		// Auth says that authentication is on, with a user for the manager that may read and write all keys.
		Auth bool
		// TLS says that the members serve their clients over TLS, and that each side must present a certificate.
		TLS bool
	}

	// Engine builds the clusters of a world. There are two, embedded and virtual; both run unmodified etcd.
	Engine interface {
		// Name is the name of the engine, as the command's --engine flag spells it.
		Name() string
		// Timing is the timing that suits the engine.
		Timing() bound.Timing
		// Dir is the directory in which the engine prefers to keep its data, for example one in memory. Empty: the directory for temporary files.
		Dir() string
		// Run calls body in the engine's time, and blocks until body and everything that it started has ended. The error names what did not
		// end. If an error in its chain has a method Stuck() bool that returns true, the engine's time stood still, and the run says nothing
		// about the manager.
		Run(body func()) error
		// Start starts a cluster. It blocks until every member serves and one leads, and returns an error if ctx ends first.
		Start(ctx context.Context, spec Spec, env Env) (Members, error)
	}

	// Env is what a world gives an engine for one cluster.
	Env struct {
		Timing   bound.Timing     // the timing in force
		Board    *point.Board     // the fault points of the world, which the engine evaluates
		Recorder *record.Recorder // receives the watches that members serve
		Dir      string           // the cluster's own directory, which exists; the world removes it
		Log      *zap.Logger      // receives etcd's log
		// Certificates are the certificates with which the members serve clients over TLS. Nil: they serve without TLS.
		Certificates *certs.Certificates
		// Died is called once for a member that ended by itself, for example because its disk is full or its data are damaged, with the cause.
		// If a fault point made a write fail, the cause wraps [point.ErrFailed]. The member is down from then on. Died must not block. Nil: it
		// is not called.
		Died func(member string, cause error)
	}

	// Members is a running cluster as its engine provides it. Members have the names of the [Spec]. The methods are safe for concurrent use.
	Members interface {
		// Status is what a member reports about itself now. It does not block.
		Status(member string) Status
		// Endpoint is the client URL that the member advertises; it leads to the link.
		Endpoint(member string) string
		// DialOptions are the gRPC options that the clients of a manager need to reach the endpoints. They tell the engine which manager it is, by
		// its number from 1 on, whose recorder is Env.Recorder.Of(manager).
		DialOptions(manager int) []grpc.DialOption
		// Direct is a client of one member whose connection passes no link and no fault point. It needs no certificate and no password, whether or
		// not other clients do. The engine owns it and closes it when the
		// member stops; a restarted member has a new one. The error says that the member is down.
		Direct(member string) (Direct, error)
		// Supports says whether the engine has this fault point.
		Supports(n point.Name) bool
		// InForce blocks until the latest switch of a member's point is in force: everything that reaches the point later is subject to it.
		// It returns an error if ctx ends first, or the member goes down.
		InForce(ctx context.Context, member string, n point.Name) error
		// Connections counts the client connections to the member.
		Connections(member string) int
		// CutClients resets the member's client connections.
		CutClients(member string)
		// StrandClients makes the member's client connections half-open: they stay open, and everything that is sent on them is lost.
		StrandClients(member string)
		// Stranded counts the half-open connections that neither side has closed.
		Stranded(member string) int
		// Kill stops a member at once: its connections are reset, and it does not transfer its leadership. Its data stay. Kill blocks until
		// nothing of the member runs. It does nothing if the member is down.
		Kill(ctx context.Context, member string) error
		// Restart starts a member that is down on its data and blocks until it serves. If ctx ends first the member goes on starting, serves
		// when it can, and the error is [ErrNotServing].
		Restart(ctx context.Context, member string) error
		// Add adds a new member to the cluster, starts it, and blocks until it serves. The name must be new. If ctx ends after the member was
		// added, the error is [ErrNotServing], as for Restart.
		Add(ctx context.Context, member string) error
		// Remove removes a member from the cluster, stops it if it runs, and deletes its data. It blocks until nothing of the member runs.
		Remove(ctx context.Context, member string) error
		// Wipe replaces a member that lost its disk: it removes the member from the cluster, stops it if it runs, deletes its data, adds it again
		// under its name and addresses, with another id, and blocks until it serves. If ctx ends after the member was added again, the error
		// is [ErrNotServing], as for Restart; after another error it may belong to the cluster or not.
		Wipe(ctx context.Context, member string) error
		// Restore replaces the data of all members, none of which runs, by a backup: a file with the response of etcd's call Snapshot. It does what
		// etcdutl's snapshot restore does, with the cluster's present members and addresses, and the token with which the cluster was founded.
		// Then it starts all members and blocks until they serve. If ctx ends first, the error is [ErrNotServing], as for Restart; after another
		// error the data of some members may be gone.
		Restore(ctx context.Context, backup string) error
		// Misadvertise says whether a member publishes a client URL at which nobody listens, instead of its own, from its next start on. It
		// still serves at its own.
		Misadvertise(member string, wrong bool)
		// Close stops all members and blocks until they have ended. The world has healed all faults before. The error says what is left of a
		// member that died.
		Close() error
	}
)

// ErrNotServing says that a member was started and runs, but did not serve in time, for example because there is no quorum.
var ErrNotServing = errors.New("it runs and does not serve yet")

// Names are the names of the cluster's first members.
func (s Spec) Names() []string {
	names := make([]string, s.Members)
	for i := range names {
		names[i] = fmt.Sprintf("m%d", i+1)
	}
	return names
}

// Status is what a member reports about itself; other members may disagree. The zero value is a member that is down.
type Status struct {
	Up     bool   // it serves clients
	ID     uint64 // its raft id, as in the member list
	Leader uint64 // the id of the member that it follows, zero if none
	Term   uint64
	// Applied is the raft log index of the last entry that it has applied. Of two members, the one with the higher index has newer data.
	Applied uint64
}

// Leads says whether the member believes that it is the leader.
func (s Status) Leads() bool { return s.Up && s.ID != 0 && s.Leader == s.ID }

// Direct is a client of one member whose connection passes no link. If authentication is on, its calls are those of the user root. It has the methods of clientv3.Client except Leases (that is
// Direct.Client.Leases). Leases and Maintenance are etcd's gRPC services, because clientv3 can neither choose the id of a lease that it
// grants nor raise an alarm.
type Direct struct {
	*clientv3.Client
	Leases      pb.LeaseClient
	Maintenance pb.MaintenanceClient
}

// AwaitLeader blocks until all members of a cluster that has just been started follow one leader. It checks once every interval. It returns an
// error if ctx ends first. Engines use it.
func AwaitLeader(ctx context.Context, m Members, spec Spec, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for !followOne(m, spec.Names()) {
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
		s := m.Status(name)
		if !s.Up || s.Leader == 0 || leader != 0 && s.Leader != leader {
			return false
		}
		leader = s.Leader
	}
	return true
}
