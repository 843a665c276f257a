package harness

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness/record"
)

// claimObserver records what a manager claims to own in one cluster during one tenure. It asks the manager whenever its View is asked. If the manager
// is a [ClaimPusher], only what it pushes counts.
//
// Of a manager that is asked, a claim lasts from the first answer with it to the last one: it may have lasted longer, and never did it last less. So
// two managers of which one takes over what the other gave up are never seen to own it together.
type claimObserver struct {
	of      *managed
	cluster string
	claimer Claimer
	pusher  bool

	mu   sync.Mutex
	over bool
	open map[claimed]*openClaim
}

// claimed tells claims apart: a thing that is owned again, under another lease, is another claim.
type claimed struct {
	thing Subject
	key   string
	lease clientv3.LeaseID
}

type openClaim struct {
	recorded *record.OpenOwnership
	seen     time.Duration
	until    time.Duration // negative if the manager does not say
}

// claimsOf makes the observer of the manager's claims in a cluster; nil if it claims nothing.
func (m *managed) claimsOf(c *Cluster) *claimObserver {
	claimer, ok := m.manager.(Claimer)
	if !ok || len(m.world.workload.Things) == 0 {
		return nil
	}
	_, pusher := m.manager.(ClaimPusher)
	return &claimObserver{of: m, cluster: c.name, claimer: claimer, pusher: pusher, open: map[claimed]*openClaim{}}
}

// pushedClaims records claims that the manager pushed. The manager calls it through ClaimPusher.PushClaims.
func (m *managed) pushedClaims(cluster string, claims []Claim) {
	if o, ok := m.observer(cluster, "claim"); ok && o != nil && o.claims != nil {
		o.claims.see(claims)
	}
}

// ask calls Claims once and records the answer, unless the manager pushes its claims.
func (o *claimObserver) ask() {
	if o == nil || o.pusher {
		return
	}
	var claims []Claim
	if caught := catch(func() { claims = o.claimer.Claims(o.cluster) }); caught != nil {
		o.of.recorder.Answer(record.Answer{Cluster: o.cluster, Problem: fmt.Sprintf("Claims panicked: %v", caught)})
		return
	}
	o.see(claims)
}

// see records how the claims differ from those before.
func (o *claimObserver) see(claims []Claim) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return
	}
	now := o.of.recorder.Now()
	seen := map[claimed]bool{}
	for _, c := range claims {
		id := claimed{c.Thing, c.Key, c.Lease}
		seen[id] = true
		until := time.Duration(-1)
		if !c.Until.IsZero() {
			until = now + time.Until(c.Until)
		}
		one := o.open[id]
		if one != nil && one.until >= 0 && one.until < now {
			// It had stopped by itself, and begins anew.
			one.recorded.End(one.until)
			one = nil
		}
		if one == nil {
			one = &openClaim{recorded: o.of.recorder.Owns(record.Ownership{
				Cluster: o.cluster, Thing: c.Thing, Key: c.Key, Lease: int64(c.Lease), Until: until,
			})}
			o.open[id] = one
		}
		if one.until != until {
			one.recorded.Until(until)
		}
		one.seen, one.until = now, until
	}
	for id, one := range o.open {
		if !seen[id] {
			if o.pusher {
				one.seen = now
			}
			one.recorded.End(one.seen)
			delete(o.open, id)
		}
	}
}

// end ends the observation at the end of the tenure.
func (o *claimObserver) end() {
	if o == nil {
		return
	}
	o.see(nil)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
}

// observeHoldings reads once every Observe which keys of owners stand in the cluster, from the member that has applied most, past every link, until ctx
// ends. So a member that hangs or has fallen behind is believed only if no other has newer data, and a key that is gone was deleted by the cluster:
// by its owner, or because its lease expired or was revoked.
func (c *Cluster) observeHoldings(ctx context.Context) {
	o := holdingObserver{cluster: c, stands: map[string]*holding{}, gone: map[string]int64{}}
	each(ctx, c.world.timing.Observe, func() { o.look(ctx) })
}

type holdingObserver struct {
	cluster *Cluster
	stands  map[string]*holding
	gone    map[string]int64 // by key, the revision at which it was created that was found gone last
}

type holding struct {
	created int64
	gone    func(member string, revision int64)
}

func (o *holdingObserver) look(ctx context.Context) {
	asked := o.cluster.foremost()
	if asked == nil {
		return
	}
	things := o.cluster.world.workload.Things
	gets := make([]clientv3.Op, len(things))
	for i, thing := range things {
		gets[i] = clientv3.OpGet(thing.Prefix, clientv3.WithPrefix(), clientv3.WithSerializable())
	}
	var resp *clientv3.TxnResponse
	err := asked.attempt(ctx, o.cluster.world.pace.Election/2, func(ctx context.Context, d Direct) (err error) {
		resp, err = d.Txn(ctx).Then(gets...).Commit()
		return err
	})
	if err != nil {
		return // the member went down meanwhile; the next look asks another
	}
	for i, thing := range things {
		o.take(asked, thing.Prefix, resp.Header.Revision, resp.Responses[i].GetResponseRange().GetKvs())
	}
}

// take compares what a member shows with what was known. A member with older data than another shows neither the newest keys nor that others are gone.
func (o *holdingObserver) take(from *Member, prefix string, revision int64, kvs []*mvccpb.KeyValue) {
	shown := map[string]int64{}
	for _, kv := range kvs {
		key := string(kv.Key)
		shown[key] = kv.CreateRevision
		if known := o.stands[key]; known != nil && known.created < kv.CreateRevision {
			o.end(from, key, revision)
		}
		if o.stands[key] == nil && o.gone[key] < kv.CreateRevision {
			o.stands[key] = &holding{created: kv.CreateRevision, gone: o.cluster.world.recorder.Held(record.Holding{
				Cluster: o.cluster.name, Key: key, Lease: kv.Lease, Created: kv.CreateRevision,
			})}
		}
	}
	for key, known := range o.stands {
		if _, stands := shown[key]; !stands && strings.HasPrefix(key, prefix) && known.created <= revision {
			o.end(from, key, revision)
		}
	}
}

func (o *holdingObserver) end(from *Member, key string, revision int64) {
	known := o.stands[key]
	known.gone(from.name, revision)
	o.gone[key] = known.created
	delete(o.stands, key)
}
