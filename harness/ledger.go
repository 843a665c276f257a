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

// Ledger is how the programs of a workload write into one cluster: what they write and what the harness knows of it are one call. Its
// methods may be called from several goroutines; they block until a leader has carried out what was asked, or ctx ends. Of a write that is
// given up nobody knows whether it was carried out: only the end of the run may end its context.
type Ledger struct {
	cluster *Cluster

	mu     sync.Mutex
	stamp  int64
	leases map[clientv3.LeaseID]bool
	guards []string // keys that the manager must not touch
	writes int
	traces map[string]int64 // by the first key of a write, the mod revision of its trace
}

func newLedger(c *Cluster) *Ledger {
	return &Ledger{cluster: c, leases: map[clientv3.LeaseID]bool{}, traces: map[string]int64{}}
}

// Write commits the operations in one transaction, which gives the subject the value, and notes that it did. An empty value says that the
// subject is gone. The first operation must put or delete a key that only this program writes. An attempt which was carried out although its
// answer never came is told from one that was not, so that the transaction is committed once. A lease among the
// operations that etcd has let go of is [ErrLeaseLost]; so is a key that is to be deleted and has gone with its lease.
func (l *Ledger) Write(ctx context.Context, s Subject, value string, then ...clientv3.Op) error {
	if len(then) == 0 {
		return fmt.Errorf("write %s: a write needs at least one operation", s)
	}
	begun := l.cluster.world.Elapsed()
	revision, err := l.commit(ctx, then)
	if err != nil {
		return fmt.Errorf("write %s: %w", s, err)
	}
	l.note(begun, s, value, revision)
	return nil
}

// Expired notes that a subject is gone because its lease ran out. Nobody is told when; alive is when a request was begun that found the lease
// alive, see [Ledger.KeepAlive].
func (l *Ledger) Expired(s Subject, alive time.Duration) { l.note(alive, s, "", 0) }

func (l *Ledger) note(begun time.Duration, s Subject, value string, revision int64) {
	l.cluster.world.recorder.Commit(record.Commit{Begun: begun, Cluster: l.cluster.name, Subject: s, Value: value, Revision: revision})
}

// Put commits operations that no fact follows from. They may be carried out more than once.
func (l *Ledger) Put(ctx context.Context, then ...clientv3.Op) error {
	return l.insist(ctx, func(ctx context.Context, d Direct) error {
		_, err := d.Txn(ctx).Then(then...).Commit()
		return err
	})
}

// Guard writes keys that stand for somebody else's: the manager must not touch them.
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

// tracePrefix is where each write leaves a trace in its transaction: below it, and by the name of its first key, a key that holds the number of
// the last write. By its trace an attempt that was carried out is told from one that was not, whatever became of the key since: its lease may
// have taken it away. And an attempt that is carried out only when another write has followed finds that the trace is another, and does nothing.
const tracePrefix = "/stormwatch/written"

// commit commits operations once and returns the revision at which they were.
func (l *Ledger) commit(ctx context.Context, then []clientv3.Op) (revision int64, err error) {
	key := string(then[0].KeyBytes())
	trace := tracePrefix + key
	l.mu.Lock()
	l.writes++
	known, number := l.traces[key], strconv.Itoa(l.writes)
	l.mu.Unlock()
	conditions := []clientv3.Cmp{clientv3.Compare(clientv3.ModRevision(trace), "=", known)}
	if then[0].IsDelete() {
		conditions = append(conditions, clientv3.Compare(clientv3.CreateRevision(key), ">", 0))
	}
	err = l.insist(ctx, func(ctx context.Context, d Direct) error {
		resp, err := d.Txn(ctx).
			If(conditions...).
			Then(append(slices.Clone(then), clientv3.OpPut(trace, number))...).
			Else(clientv3.OpGet(trace)).
			Commit()
		if err != nil {
			return err
		}
		if revision = resp.Header.Revision; resp.Succeeded {
			return nil
		}
		left := resp.Responses[0].GetResponseRange().GetKvs()
		if len(left) == 0 || string(left[0].Value) != number {
			return ErrLeaseLost // no attempt of ours has deleted the key
		}
		revision = left[0].ModRevision
		return nil
	})
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.traces[key] = revision
	return revision, nil
}

// Grant makes a lease of LeaseTTL. The harness knows it from the first attempt on, since each may be carried out late: no lease of a
// program's is ever taken for the manager's.
func (l *Ledger) Grant(ctx context.Context) (clientv3.LeaseID, error) {
	l.mu.Lock()
	id := clientv3.LeaseID(len(l.leases) + 1)
	l.leases[id] = true
	l.mu.Unlock()
	// A client cannot choose the lease's id, a server can be told.
	request := pb.LeaseGrantRequest{ID: int64(id), TTL: int64(l.LeaseTTL() / time.Second)}
	err := l.insist(ctx, func(ctx context.Context, d Direct) error {
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

// ErrLeaseLost is returned for a lease that etcd has let go of.
var ErrLeaseLost = errors.New("lease lost")

// KeepAlive refreshes a lease, and returns when the request was begun that found it alive, or [ErrLeaseLost].
func (l *Ledger) KeepAlive(ctx context.Context, id clientv3.LeaseID) (alive time.Duration, err error) {
	alive = l.cluster.world.Elapsed()
	err = l.insist(ctx, func(ctx context.Context, d Direct) error {
		_, err := d.KeepAliveOnce(ctx, id)
		return err
	})
	return alive, err
}

// insist tries something on the member that leads until it succeeds, the lease that it needs is lost, or ctx ends. Every other attempt is
// made through another member, since the leader may carry out what it is asked and be unable to say so.
func (l *Ledger) insist(ctx context.Context, try func(context.Context, Direct) error) error {
	c := l.cluster
	for tries := 0; ; tries++ {
		if m := c.writer(tries); m != nil {
			err := c.attempt(ctx, m, tries, try)
			switch {
			case err == nil:
				return nil
			case errors.Is(err, ErrLeaseLost), errors.Is(err, rpctypes.ErrLeaseNotFound):
				return ErrLeaseLost
			}
		}
		timer := time.NewTimer(c.world.pace.Heartbeat)
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("cluster %s: %w", c.name, ctx.Err())
		case <-timer.C:
		}
	}
}

// attempt is the nth attempt through a member, counted from zero. The first take no longer than half an election timeout, since the leader
// may be hung. A leader may be slow as well, and then every short attempt fails for ever: so attempts take longer and longer, up to
// sixteen times that, and the longer ones end when another member leads.
func (c *Cluster) attempt(ctx context.Context, m *Member, n int, try func(context.Context, Direct) error) error {
	patience := c.world.pace.Election / 2
	if n < 2 {
		return m.attempt(ctx, patience, try)
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.awaitOtherLeader(ctx)
		cancel()
	}()
	err := m.attempt(ctx, patience<<min(n/2, 4), try)
	cancel()
	<-ended
	return err
}

// awaitOtherLeader blocks until another member leads than when it was called, or ctx ends.
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

// writer is the member to write through at the nth attempt; nil if nobody leads.
func (c *Cluster) writer(n int) *Member {
	leader := c.currentLeader()
	if leader == nil || n%2 == 0 {
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

// RefreshInterval is how often programs refresh what they have under a lease, and LeaseTTL how long that lasts without.
func (l *Ledger) RefreshInterval() time.Duration { return l.cluster.world.pace.Refresh }

// LeaseTTL: see RefreshInterval.
func (l *Ledger) LeaseTTL() time.Duration { return l.cluster.world.pace.LeaseTTL }

// Stamp is a number that the cluster has not given out before, about the time in seconds.
func (l *Ledger) Stamp() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stamp++
	return firstStamp + l.stamp
}

// firstStamp is a second in November 2026.
const firstStamp = 1_795_000_000

// guarded are the keys of others that must stand.
func (l *Ledger) guarded() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.guards)
}

// granted says whether a lease is a program's.
func (l *Ledger) granted(id clientv3.LeaseID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leases[id]
}
