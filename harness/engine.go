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
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// An engine says what any etcd shows from outside, so that one whose members are processes fits as well as those whose members live in
// this one. How harness/process, which is still to come, does each (design, section 4; prototype/process):
//
//	Start         a process of the wanted binary per member, on loopback, with a directory each; ready when Status says Up
//	Status        the process lives, and Maintenance.Status on its direct client port, asked every heartbeat and kept: id, leader, term
//	Endpoint      the address of the gRPC proxy in front of the client port, which is the advertised one
//	DialOptions   none
//	Direct        clientv3 on the direct client port, which nobody is told of, and a lease client on the same connection
//	Supports      all but Apply: a process has no place to hold its state machine at (a slow snap/db sync comes near: wal-save only)
//	InForce       the seccomp listener has the switch before it lets the next fsync go, so that the sync under way is what it waits for
//	Connections   the proxy counts them; CutClients resets them there
//	Kill, Restart SIGKILL and wait; start again on the same directory and ports
//	Add, Remove   package harness's Membership, as everywhere; then start the process, or kill it and remove its directory
//	Env.Died      Wait returned and nobody had killed it: the exit status and the last line of its log
type (
	// Spec is a cluster to start: a name and 1, 3 or 5 members, which are called m1, m2, …
	Spec struct {
		Name    string
		Members int
	}

	// Engine builds the clusters of a world. There are two, embedded and virtual; both run unmodified etcd.
	Engine interface {
		// Name is the engine's, as the command spells it.
		Name() string
		// Timing is the one that suits the engine.
		Timing() bound.Timing
		// Dir is where the engine's data are best kept, in memory for example; empty: wherever temporary files are.
		Dir() string
		// Run calls body in the engine's time and returns when body and everything it started has ended. The error names what did not
		// end. One whose chain has a method Stuck() bool that returns true says that the engine's time stood still: then nothing can be
		// said of whoever was tested.
		Run(body func()) error
		// Start starts a cluster and returns when every member serves and one leads, or when ctx ends.
		Start(ctx context.Context, spec Spec, env Env) (Members, error)
	}

	// Env is what a world lends to an engine for a cluster.
	Env struct {
		Timing   bound.Timing
		Board    *point.Board
		Recorder *record.Recorder
		Dir      string // the cluster's own directory, which exists and is removed by the world
		Log      *zap.Logger
		// Died is told, once, of a member that ended by itself, because its disk is full or its data are broken say, and why. The member
		// is down from then on. It must not block. Nil: nobody is told.
		Died func(member string, cause error)
	}

	// Members is a running cluster as its engine sees it. Members are named as in the [Spec]; methods may be called from anywhere.
	Members interface {
		// Status is what a member says of itself now. It does not block.
		Status(member string) Status
		// Endpoint is the client URL that the member advertises; it leads to the link.
		Endpoint(member string) string
		// DialOptions are what a client needs to reach the endpoints.
		DialOptions() []grpc.DialOption
		// Direct is a client of one member that no link and no fault point is in the way of. The engine owns and closes it: it ends with
		// the member, and a restarted member has another. The error says that the member is down.
		Direct(member string) (Direct, error)
		// Supports says whether the engine has this fault point.
		Supports(n point.Name) bool
		// InForce blocks until the switch that was just thrown at a member's point has taken hold: what begins from then on meets it.
		// It returns an error if ctx ends first, or the member goes down.
		InForce(ctx context.Context, member string, n point.Name) error
		// Connections counts the client connections to the member.
		Connections(member string) int
		// CutClients resets the member's client connections.
		CutClients(member string)
		// Kill stops a member the hard way: connections are reset and no leadership is handed over. Its data stay. It blocks until
		// nothing of the member runs. A member that is down stays so.
		Kill(ctx context.Context, member string) error
		// Restart starts a member that is down on its data and blocks until it serves. If ctx ends first the member goes on starting, serves
		// when it can, and the error is [ErrNotServing].
		Restart(ctx context.Context, member string) error
		// Add starts a new member that joins the cluster, and blocks until it serves. The name must be new. If ctx ends after the member has
		// joined, the error is [ErrNotServing], as for Restart.
		Add(ctx context.Context, member string) error
		// Remove takes a member out of the cluster and stops it. A member that is down can be removed too. Its data are gone.
		Remove(ctx context.Context, member string) error
		// Close stops what still runs. The world has healed all faults before. The error says what of a member that died did not end.
		Close() error
	}
)

// ErrNotServing says that a member was started and runs, but did not serve in time, for want of a quorum for example.
var ErrNotServing = errors.New("it runs and does not serve yet")

// Names are what the cluster's first members are called.
func (s Spec) Names() []string {
	names := make([]string, s.Members)
	for i := range names {
		names[i] = fmt.Sprintf("m%d", i+1)
	}
	return names
}

// Status is what a member says of itself, whatever the others think. The zero value is a member that is down.
type Status struct {
	Up     bool   // it serves clients
	ID     uint64 // its own, as raft and the member list spell it
	Leader uint64 // the id of the member that it follows, zero if none
	Term   uint64
	// Applied is the index in raft's log of the last entry that it has applied: of two members the one with the higher index knows more.
	Applied uint64
}

// Leads says whether the member takes itself for the leader.
func (s Status) Leads() bool { return s.Up && s.ID != 0 && s.Leader == s.ID }

// Direct reaches one member past every link. Its methods are the client's, but for Leases, which is the raw service: a grant of clientv3
// cannot choose the lease's id. (The client's own method of that name is Direct.Client.Leases.)
type Direct struct {
	*clientv3.Client
	Leases pb.LeaseClient
}

// AwaitLeader blocks until all members of a cluster that has just been started follow one leader, and looks every so often. It returns
// an error when ctx ends first. Engines use it.
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
