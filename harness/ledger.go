package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Ledger is how the programs of a workload write into one cluster: what they write and what the harness knows of it are one call. Its
// methods may be called from several goroutines; they block until a leader has carried out what was asked, or ctx ends.
type Ledger struct {
	cluster *Cluster

	mu     sync.Mutex
	stamp  int64
	leases map[clientv3.LeaseID]bool
	guards []string         // keys that the manager must not touch
	known  map[string]int64 // by key, the mod revision of its last write
}

func newLedger(c *Cluster) *Ledger {
	return &Ledger{cluster: c, leases: map[clientv3.LeaseID]bool{}, known: map[string]int64{}}
}

// Write commits the operations in one transaction, which gives the subject the value, and notes that it did. An empty value says that the
// subject is gone. The first operation must put or delete a key that only this program writes: by that key's revision an attempt which was
// carried out although its answer never came is told from one that was not, so that the transaction is committed once. A lease among the
// operations that etcd has let go of is [ErrLeaseLost].
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

// commit commits operations once and returns the revision at which they were; zero if that is not known.
func (l *Ledger) commit(ctx context.Context, then []clientv3.Op) (revision int64, err error) {
	key := string(then[0].KeyBytes())
	l.mu.Lock()
	known := l.known[key]
	l.mu.Unlock()
	err = l.insist(ctx, func(ctx context.Context, d Direct) error {
		resp, err := d.Txn(ctx).
			If(clientv3.Compare(clientv3.ModRevision(key), "=", known)).
			Then(then...).
			Else(clientv3.OpGet(key)).
			Commit()
		if err != nil {
			return err
		}
		if resp.Succeeded {
			revision = resp.Header.Revision
			return nil
		}
		var carriedOut bool
		if revision, carriedOut = attempted(then[0], known, resp); carriedOut {
			return nil
		}
		// The key was changed by nobody's write: its lease ran out.
		known = revision
		return errChanged
	})
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known[key] = revision
	if then[0].IsDelete() {
		delete(l.known, key) // a key that is not there has mod revision zero
	}
	return revision, nil
}

var errChanged = errors.New("the key was changed meanwhile")

// attempted says whether an operation on a key, whose mod revision was known, has been carried out by an earlier attempt, and at which
// revision. If not, it returns the key's mod revision of now.
func attempted(op clientv3.Op, known int64, resp *clientv3.TxnResponse) (revision int64, carriedOut bool) {
	kvs := resp.Responses[0].GetResponseRange().GetKvs()
	switch {
	case len(kvs) == 0:
		return 0, op.IsDelete()
	case op.IsPut() && kvs[0].ModRevision > known && string(kvs[0].Value) == string(op.ValueBytes()):
		return kvs[0].ModRevision, true
	}
	return kvs[0].ModRevision, false
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

// insist tries something on the member that leads until it succeeds, the lease that it needs is lost, or ctx ends. An attempt takes no
// longer than half an election timeout, since the leader may be hung; every other one is made through another member, since the leader may
// carry out what it is asked and be unable to say so.
func (l *Ledger) insist(ctx context.Context, try func(context.Context, Direct) error) error {
	c := l.cluster
	for tries := 0; ; tries++ {
		if m := c.writer(tries); m != nil {
			err := m.attempt(ctx, try)
			switch {
			case err == nil:
				return nil
			case errors.Is(err, rpctypes.ErrLeaseNotFound):
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
