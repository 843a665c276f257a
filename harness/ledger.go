package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Ledger is how the programs of a workload write to one cluster. One call writes to etcd and records what was committed, so that the record is
// complete. Its methods are safe for concurrent use. They block until the cluster has carried out the request, or ctx ends. If ctx ends, it is not
// known whether a write was carried out, so a program must not end the context of a write before the run ends.
type Ledger struct {
	cluster *Cluster

	mu     sync.Mutex
	stamp  int64
	leases map[clientv3.LeaseID]bool
	guards []string // keys that the manager must not touch
	writes int
	traces map[string]int64 // by key, the mod revision of a trace
	// rewound counts how often the cluster was restored. underWay are the writes that have begun and not ended, by their numbers.
	rewound  int
	underWay map[int][]record.Commit
	// revived are the manager's leases that came back with a backup. The manager may have left them long ago.
	revived []clientv3.LeaseID
}

func newLedger(c *Cluster) *Ledger {
	return &Ledger{cluster: c, leases: map[clientv3.LeaseID]bool{}, traces: map[string]int64{}, underWay: map[int][]record.Commit{}}
}

// Write commits the operations in one transaction, which gives the subject the value, and records the commit. An empty value says that the
// subject was deleted. The first operation must put or delete a key that only this program writes. Write tries again until it has an answer, but
// commits the transaction only once, also if an attempt was carried out and its answer was lost. It returns [ErrLeaseLost] if a lease of the
// operations has expired, or the key to be deleted is gone because its lease has.
func (l *Ledger) Write(ctx context.Context, s Subject, value string, then ...clientv3.Op) error {
	return l.WriteTogether(ctx, []Change{{Subject: s, Value: value}}, then...)
}

// WriteTogether is Write for a transaction that gives several subjects their values at once. The first operation is on a key of the first subject.
func (l *Ledger) WriteTogether(ctx context.Context, changes []Change, then ...clientv3.Op) error {
	if len(changes) == 0 || len(then) == 0 {
		return fmt.Errorf("write %v: a write needs at least one change and one operation", changes)
	}
	commits := l.commits(l.cluster.world.Elapsed(), changes...)
	if _, err := l.commit(ctx, commits, then, l.rising(changes[0].Subject)); err != nil {
		return fmt.Errorf("write %s: %w", changes[0].Subject, err)
	}
	return nil
}

// Expired records that a subject was deleted because its lease expired. etcd does not report the instant. alive is the latest known instant at
// which the lease still existed, as [Ledger.KeepAlive] returned it.
func (l *Ledger) Expired(s Subject, alive time.Duration) {
	l.cluster.world.recorder.Commit(l.commits(alive, Change{Subject: s})...)
}

func (l *Ledger) commits(begun time.Duration, changes ...Change) []record.Commit {
	commits := make([]record.Commit, len(changes))
	for i, c := range changes {
		commits[i] = record.Commit{Begun: begun, Cluster: l.cluster.name, Subject: c.Subject, Value: c.Value}
	}
	return commits
}

// Put commits operations on keys that are no facts of the workload. They may be carried out more than once.
func (l *Ledger) Put(ctx context.Context, then ...clientv3.Op) error {
	return l.retry(ctx, func(ctx context.Context, d Direct) error {
		_, err := d.Txn(ctx).Then(then...).Commit()
		return err
	})
}

// Get reads a key, linearizably. found says whether the key exists.
func (l *Ledger) Get(ctx context.Context, key string) (value string, found bool, err error) {
	err = l.retry(ctx, func(ctx context.Context, d Direct) error {
		resp, err := d.Get(ctx, key)
		if err != nil {
			return err
		}
		if found = len(resp.Kvs) > 0; found {
			value = string(resp.Kvs[0].Value)
		}
		return nil
	})
	return value, found, err
}

// Guard writes keys that belong to another program. The manager must not touch them; the run records it if one is gone.
func (l *Ledger) Guard(ctx context.Context, values map[string]string) error {
	keys := slices.Sorted(maps.Keys(values))
	puts := make([]clientv3.Op, len(keys))
	for i, key := range keys {
		puts[i] = clientv3.OpPut(key, values[key])
	}
	if err := l.Put(ctx, puts...); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.guards = append(l.guards, keys...)
	return nil
}

func (l *Ledger) rising(s Subject) bool {
	return slices.ContainsFunc(l.cluster.world.workload.Kinds, func(k Kind) bool { return k.Name == s.Kind && k.Rising })
}

// tracePrefix is the prefix of trace keys. Each transaction also puts the number of its write into a trace key, which is named by this prefix and
// the transaction's first key. The trace shows two things. If an answer is lost, the trace shows whether the attempt was carried out, even if the
// key itself has been deleted with its lease. And an attempt that reaches etcd after a later write finds another trace, and changes nothing.
// The first key of a rising subject is its own trace, since it is never deleted and never has the same value twice.
const tracePrefix = "/stormwatch/written"

// commit commits operations once, records the commits that describe them, and returns their revision.
func (l *Ledger) commit(ctx context.Context, commits []record.Commit, then []clientv3.Op, rising bool) (revision int64, err error) {
	key := string(then[0].KeyBytes())
	trace := tracePrefix + key
	l.mu.Lock()
	l.writes++
	write := l.writes
	l.underWay[write] = commits
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.underWay, write)
	}()
	number := strconv.Itoa(write)
	if rising {
		trace, number = key, string(then[0].ValueBytes())
	} else {
		then = append(slices.Clone(then), clientv3.OpPut(trace, number))
	}
	err = l.retry(ctx, func(ctx context.Context, d Direct) error {
		l.mu.Lock()
		known, rewound := l.traces[trace], l.rewound
		l.mu.Unlock()
		conditions := []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(trace), "=", known)}
		if then[0].IsDelete() {
			conditions = append(conditions, clientv3.Compare(clientv3.CreateRevision(key), ">", 0))
		}
		resp, err := d.Txn(ctx).
			If(conditions...).
			Then(then...).
			Else(clientv3.OpGet(trace)).
			Commit()
		if err != nil {
			return err
		}
		revision = resp.Header.Revision
		if !resp.Succeeded {
			left := resp.Responses[0].GetResponseRange().GetKvs()
			if len(left) == 0 || string(left[0].Value) != number {
				return ErrLeaseLost // no attempt of ours has deleted the key
			}
			revision = left[0].ModRevision
		}
		return l.settle(rewound, trace, revision, commits)
	})
	return revision, err
}

// settle records commits. It returns an error if the cluster was restored since the attempt was made, which has undone them unless they are in the
// backup. A further attempt finds out.
func (l *Ledger) settle(rewound int, trace string, revision int64, commits []record.Commit) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rewound != rewound {
		return errUndone
	}
	l.traces[trace] = revision
	for i := range commits {
		commits[i].Revision = revision
	}
	l.cluster.world.recorder.Commit(commits...)
	return nil
}

var errUndone = errors.New("the cluster was restored from a backup meanwhile")

// Grant creates a lease with a TTL of LeaseTTL. The ledger chooses the id and notes it before the first attempt, since an attempt may be carried
// out late: so no lease of a program is ever mistaken for one of the manager.
func (l *Ledger) Grant(ctx context.Context) (clientv3.LeaseID, error) {
	l.mu.Lock()
	id := clientv3.LeaseID(len(l.leases) + 1)
	l.leases[id] = true
	l.mu.Unlock()
	// clientv3 cannot choose the lease's id, so we use etcd's gRPC service.
	request := pb.LeaseGrantRequest{ID: int64(id), TTL: int64(l.LeaseTTL() / time.Second)}
	err := l.retry(ctx, func(ctx context.Context, d Direct) error {
		_, err := d.Leases.LeaseGrant(ctx, &request)
		if errors.Is(rpctypes.Error(err), rpctypes.ErrLeaseExist) {
			return nil // an attempt that timed out was carried out
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("grant a lease: %w", err)
	}
	return id, nil
}

// ErrLeaseLost says that a lease has expired or was revoked.
var ErrLeaseLost = errors.New("lease lost")

// KeepAlive refreshes a lease. It returns when the call began, as time since the world began: at that instant the lease certainly still existed.
// The error is [ErrLeaseLost] if the lease is gone.
func (l *Ledger) KeepAlive(ctx context.Context, id clientv3.LeaseID) (alive time.Duration, err error) {
	alive = l.cluster.world.Elapsed()
	err = l.retry(ctx, func(ctx context.Context, d Direct) error {
		_, err := d.KeepAliveOnce(ctx, id)
		return err
	})
	return alive, err
}

// retry makes attempts until one succeeds, the lease that it needs is lost, or ctx ends. Every second attempt goes to a follower, since the
// leader may carry out a request and be unable to answer. With another leader the attempts are counted anew, so that the first goes to that
// leader. If ctx ends, the error wraps that of the last attempt.
func (l *Ledger) retry(ctx context.Context, try func(context.Context, Direct) error) error {
	c := l.cluster
	var leader *Member
	var last error
	for tries := 0; ; tries++ {
		if now := c.currentLeader(); now != nil && now != leader {
			leader, tries = now, 0
		}
		if m := c.writer(tries); m != nil {
			err := c.attempt(ctx, m, tries, try)
			switch {
			case err == nil:
				return nil
			case errors.Is(err, ErrLeaseLost), errors.Is(err, rpctypes.ErrLeaseNotFound):
				return ErrLeaseLost
			}
			last = err
		}
		pause := c.world.pace.Heartbeat
		if errors.Is(rpctypes.Error(last), rpctypes.ErrNoSpace) {
			pause = c.world.pace.Load // each refusal goes through raft, and costs etcd more than a write
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			if last != nil {
				return fmt.Errorf("cluster %s: %w, the last attempt: %w", c.name, ctx.Err(), last)
			}
			return fmt.Errorf("cluster %s: %w", c.name, ctx.Err())
		case <-timer.C:
		}
	}
}

// attempt makes attempt number n, counted from zero, through a member. The first two have a timeout of half an election timeout, since the leader
// may be hung. But a leader may also be slow, and then every short attempt fails. So the timeout of later attempts grows, up to sixteen times as
// much; they end early when another member becomes leader.
func (c *Cluster) attempt(ctx context.Context, m *Member, n int, try func(context.Context, Direct) error) error {
	timeout := c.world.pace.Election / 2
	if n < 2 {
		return m.attempt(ctx, timeout, try)
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.awaitOtherLeader(ctx)
		cancel()
	}()
	err := m.attempt(ctx, timeout<<min(n/2, 4), try)
	cancel()
	<-ended
	return err
}

// awaitOtherLeader blocks until the cluster has another leader than at the call, or ctx ends.
func (c *Cluster) awaitOtherLeader(ctx context.Context) {
	before := c.currentLeader()
	ticker := time.NewTicker(c.world.pace.Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if now := c.currentLeader(); now != nil && now != before {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// writer is the member through which attempt n is made; nil if there is no leader. If no leader has been seen for longer than an election takes,
// the leader may be a member that runs but does not serve yet, because it must apply entries first. Then the other members are tried.
func (c *Cluster) writer(n int) *Member {
	leader := c.currentLeader()
	hidden := leader == nil && time.Duration(n)*c.world.pace.Heartbeat > c.world.Bounds().Election()
	if leader == nil && !hidden || leader != nil && n%2 == 0 {
		return leader
	}
	others := slices.DeleteFunc(c.Members(), func(m *Member) bool { return m == leader || !m.Status().Up })
	if len(others) == 0 {
		return leader
	}
	return others[n/2%len(others)]
}

// Elapsed is the time since the world began.
func (l *Ledger) Elapsed() time.Duration { return l.cluster.world.Elapsed() }

// RefreshInterval is how often programs refresh their leases.
func (l *Ledger) RefreshInterval() time.Duration { return l.cluster.world.pace.Refresh }

// LeaseTTL is the TTL of the leases that Grant creates.
func (l *Ledger) LeaseTTL() time.Duration { return l.cluster.world.pace.LeaseTTL }

// Stamp returns a number that looks like a time in seconds since 1970. Each call returns a greater number.
func (l *Ledger) Stamp() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stamp++
	return firstStamp + l.stamp
}

// firstStamp is a time in November 2026, in seconds since 1970.
const firstStamp = 1_795_000_000

// guarded returns the keys that Guard has written.
func (l *Ledger) guarded() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.guards)
}

// granted says whether the ledger has granted a lease.
func (l *Ledger) granted(id clientv3.LeaseID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leases[id]
}
