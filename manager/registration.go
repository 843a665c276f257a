package manager

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

const registrationPrefix = "/topology/tiproxy/"

// keys are those a registration keeps; none without an address.
func (r Registration) keys() []string {
	if r.Address == "" {
		return nil
	}
	return []string{registrationPrefix + r.Address + "/info", registrationPrefix + r.Address + "/ttl"}
}

// info is the JSON that TiProxy writes: ports are text, and the address is split.
func (r Registration) info() string {
	// New refused an address that does not split.
	ip, port, _ := net.SplitHostPort(r.Address)
	// Strings and an integer always marshal.
	data, _ := json.Marshal(struct {
		Version        string `json:"version"`
		GitHash        string `json:"git_hash"`
		IP             string `json:"ip"`
		Port           string `json:"port"`
		StatusPort     string `json:"status_port"`
		DeployPath     string `json:"deploy_path"`
		StartTimestamp int64  `json:"start_timestamp"`
	}{r.Version, r.GitHash, ip, port, r.StatusPort, r.DeployPath, r.StartTimestamp})
	return string(data)
}

// registrar keeps the registration standing in one cluster.
type registrar struct {
	cfg     Config
	log     *zap.Logger
	cluster string
	pool    *pool

	// registered is closed once the keys stand for the first time, or once it is known that none are to stand.
	registered chan struct{}
	// stopped is closed when run has ended: from then on nothing of this registrar is written any more.
	stopped chan struct{}
	// lease is the last one asked for, former are those of earlier addresses, not yet revoked. Only run writes them,
	// only withdraw reads them, after stopped.
	lease  *lease
	former []*lease

	mu sync.Mutex
	// wanted is what is to stand, moved ends what is done for what was wanted before.
	wanted Registration
	moved  context.CancelFunc
}

func newRegistrar(cfg Config, log *zap.Logger, cluster string, pool *pool) *registrar {
	return &registrar{
		cfg: cfg, log: log, cluster: cluster, pool: pool, wanted: cfg.Registration,
		registered: make(chan struct{}),
		stopped:    make(chan struct{}),
	}
}

// move makes another registration the one to keep. It does not wait for anything.
func (r *registrar) move(to Registration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wanted = to
	if r.moved != nil {
		r.moved()
	}
}

// tenure is what is to stand, and a context that ends when it no longer is.
func (r *registrar) tenure(ctx context.Context) (context.Context, context.CancelFunc, Registration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx, r.moved = context.WithCancel(ctx)
	return ctx, r.moved, r.wanted
}

// run keeps what is wanted until ctx ends. It starts after its predecessor has stopped writing to the same keys.
func (r *registrar) run(ctx context.Context, predecessor <-chan struct{}) {
	defer close(r.stopped)
	select {
	case <-predecessor:
	case <-ctx.Done():
	}
	for ctx.Err() == nil {
		tenure, end, wanted := r.tenure(ctx)
		r.serve(tenure, wanted)
		end()
	}
}

// serve registers, and registers again whenever the lease is lost, until ctx ends. The keys of a former address stay
// until the new ones stand, so that the instance is never without any.
func (r *registrar) serve(ctx context.Context, wanted Registration) {
	keys := wanted.keys()
	if r.lease != nil && (keys == nil || r.lease.descriptionKey != keys[0]) {
		r.former = append(r.former, r.lease)
		r.lease = nil
	}
	if keys == nil {
		r.settled()
		for r.dropFormer(ctx); len(r.former) > 0 && pause(ctx, r.cfg.RefreshInterval); {
			r.dropFormer(ctx)
		}
		<-ctx.Done()
		return
	}
	retry := backoff{base: r.cfg.BackoffBase, limit: r.cfg.BackoffCap, rand: r.cfg.Rand}
	for ctx.Err() == nil {
		if r.lease == nil {
			// Its own generator, not Config.Rand: two instances with equal jitter must not share a lease.
			r.lease = &lease{
				id: rand.Int64N(1<<62) + 1, ttl: r.cfg.LeaseTTL,
				descriptionKey: keys[0], beatKey: keys[1], description: wanted.info(),
			}
		}
		if !r.establish(ctx) {
			pause(ctx, retry.next())
			continue
		}
		retry.reset()
		r.settled()
		r.keep(ctx)
	}
}

func (r *registrar) settled() {
	select {
	case <-r.registered:
	default:
		close(r.registered)
	}
}

// establish brings lease and keys into being.
func (r *registrar) establish(ctx context.Context) bool {
	if !r.lease.granted {
		if err := r.try(ctx, "grant lease", r.lease, r.lease.grant); err != nil {
			return false
		}
		r.lease.granted = true
	}
	if err := r.try(ctx, "register", r.lease, r.refresh); err != nil {
		r.forgetLost(err)
		return false
	}
	return true
}

// keep refreshes the registration until its lease is lost or ctx ends.
func (r *registrar) keep(ctx context.Context) {
	r.dropFormer(ctx)
	for wait := r.cfg.RefreshInterval; pause(ctx, wait); {
		err := r.try(ctx, "refresh registration", r.lease, r.refresh)
		if r.forgetLost(err) {
			return
		}
		wait = r.cfg.RefreshInterval
		if err != nil {
			// The lease may still live; there is no time to lose.
			wait = r.cfg.RegisterPause
			continue
		}
		r.dropFormer(ctx)
	}
}

// dropFormer revokes the leases of former addresses. What cannot be revoked now is tried again later, and expires
// meanwhile, since nobody refreshes it.
func (r *registrar) dropFormer(ctx context.Context) {
	r.former = slices.DeleteFunc(r.former, func(l *lease) bool {
		return r.try(ctx, "revoke lease", l, l.revoke) == nil
	})
}

func (r *registrar) forgetLost(err error) bool {
	if !leaseLost(err) {
		return false
	}
	r.log.Warn("registration lost its lease", Where{Key: r.lease.descriptionKey}.fieldsOf(err)...)
	r.lease = nil
	return true
}

func (r *registrar) refresh(ctx context.Context, client *clientv3.Client) (*pb.ResponseHeader, error) {
	return r.lease.refresh(ctx, client, strconv.FormatInt(time.Now().UnixNano(), 10))
}

// request is something asked of one member.
type request func(ctx context.Context, client *clientv3.Client) (*pb.ResponseHeader, error)

// try makes a request of one member after the other, each with its own timeout, so that a hung one costs one try
// and not the lease. A lost lease is an answer, not a failed try.
func (r *registrar) try(ctx context.Context, op string, l *lease, do request) error {
	tried := make(map[*member]bool)
	var err error
	for n := range r.cfg.RegisterTries {
		if n > 0 && !pause(ctx, r.cfg.RegisterPause) {
			return ctx.Err()
		}
		err = r.tryNext(ctx, op, l, do, tried)
		if err == nil || leaseLost(err) || ctx.Err() != nil {
			return err
		}
		r.log.Warn("registration is delayed", Where{Key: l.descriptionKey}.fieldsOf(err)...)
	}
	return err
}

// tryNext makes a request of the best member not tried yet, and begins a new round when there is none.
func (r *registrar) tryNext(ctx context.Context, op string, l *lease, do request, tried map[*member]bool) error {
	m := r.pool.pick(tried)
	if m == nil {
		clear(tried)
		m = r.pool.pick(tried)
	}
	tried[m] = true
	begun := time.Now()
	bounded, cancel := context.WithTimeout(ctx, r.cfg.RegisterTimeout)
	defer cancel()
	header, err := r.through(bounded, m, do)
	if err == nil || leaseLost(err) {
		r.pool.answered(m, header)
	} else if ctx.Err() == nil {
		r.pool.failed(m)
	}
	if err != nil {
		where := Where{Cluster: r.cluster, Endpoint: m.endpoint, Key: l.descriptionKey, Elapsed: time.Since(begun)}
		return &OpError{Where: where, Op: op, Err: clientv3.ContextError(bounded, err)}
	}
	return nil
}

func (r *registrar) through(ctx context.Context, m *member, do request) (*pb.ResponseHeader, error) {
	client, err := r.pool.client(m)
	if err != nil {
		return nil, err
	}
	return do(ctx, client)
}

// withdraw revokes the lease, and former ones, so that the keys under them go at once. It returns within ctx, whose
// end leaves the keys to their leases' own expiry.
func (r *registrar) withdraw(ctx context.Context) {
	if r.lease != nil {
		r.former = append(r.former, r.lease)
	}
	// The newest first: it has the keys that others look at.
	for _, l := range slices.Backward(r.former) {
		if err := r.revoke(ctx, l); err != nil && l.granted {
			r.log.Warn("registration is left to its lease's expiry",
				Where{Key: l.descriptionKey}.fieldsOf(err, zap.Duration("ttl", r.cfg.LeaseTTL))...)
		}
	}
}

// revoke asks one member after the other until one has revoked the lease. A grant that was never confirmed may still
// have taken effect, but is worth one round through the members only.
func (r *registrar) revoke(ctx context.Context, l *lease) error {
	tried := make(map[*member]bool)
	err := ctx.Err()
	for ctx.Err() == nil {
		if err = r.tryNext(ctx, "revoke lease", l, l.revoke, tried); err == nil {
			return nil
		}
		if r.pool.pick(tried) == nil {
			if !l.granted {
				return err
			}
			pause(ctx, r.cfg.RegisterPause)
		}
	}
	return err
}
