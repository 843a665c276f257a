package guard

import (
	"context"
	"errors"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
)

// Call is one request made through one member. It returns the header of the answer, which may be nil.
//
// A client's own interfaces, such as clientv3.KV, repeat a refused request for as long as its context lasts. The
// interfaces that etcd's protocol defines, made of client.ActiveConnection(), fail at once, so that another member can
// be asked instead.
type Call func(ctx context.Context, client *clientv3.Client) (*pb.ResponseHeader, error)

// Attempts makes a request of the members of a cluster, one after the other: those in good standing first, and none a
// second time before all were asked. Its methods may be called concurrently.
type Attempts struct {
	client  *Client
	op, key string

	// From tried on, mu guards the fields.
	mu    sync.Mutex
	tried map[*member]bool
}

// Attempts begins a request. The name of the operation and the key are for its errors.
func (c *Client) Attempts(op, key string) *Attempts {
	return &Attempts{client: c, op: op, key: key, tried: make(map[*member]bool)}
}

// Next makes the request of the next member, for up to timeout, and begins anew with the first when all were asked. It
// fails with an [*OpError].
func (a *Attempts) Next(ctx context.Context, timeout time.Duration, call Call) error {
	m := a.pick()
	begun := time.Now()
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	header, err := a.through(bounded, m, call)
	switch {
	case err == nil || IsAnswer(err):
		a.client.pool.answered(m, header)
	case ctx.Err() == nil:
		a.client.pool.failed(m)
	}
	if err == nil {
		return nil
	}
	return &OpError{
		Where: Where{Cluster: a.client.cfg.Cluster, Endpoint: m.endpoint, Key: a.key, Elapsed: time.Since(begun)},
		Op:    a.op, Err: clientv3.ContextError(bounded, rpctypes.Error(err)),
	}
}

// Exhausted reports whether every member was asked.
func (a *Attempts) Exhausted() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.client.pool.pick(a.tried) == nil
}

func (a *Attempts) pick() *member {
	a.mu.Lock()
	defer a.mu.Unlock()
	m := a.client.pool.pick(a.tried)
	if m == nil {
		clear(a.tried)
		m = a.client.pool.pick(a.tried)
	}
	a.tried[m] = true
	return m
}

func (a *Attempts) through(ctx context.Context, m *member, call Call) (*pb.ResponseHeader, error) {
	client, err := a.client.pool.client(ctx, m)
	if err != nil {
		return nil, err
	}
	return call(ctx, client)
}

// IsAnswer reports whether an error is etcd's own answer to a request, one that every member would give, and not a failure
// of the member that was asked.
func IsAnswer(err error) bool {
	for _, same := range []error{
		rpctypes.ErrEmptyKey, rpctypes.ErrCompacted, rpctypes.ErrFutureRev, rpctypes.ErrPermissionDenied,
		rpctypes.ErrLeaseNotFound, rpctypes.ErrLeaseExist,
	} {
		if errors.Is(rpctypes.Error(err), same) {
			return true
		}
	}
	return false
}

// Get reads keys, linearizably unless an option says otherwise. It asks one member after the other, each once and for
// [Options.RequestTimeout], and returns the first answer; it blocks no longer than ctx. It fails with an [*OpError],
// which says what the last member asked had to say.
func (c *Client) Get(ctx context.Context, key string, options ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	var response *clientv3.GetResponse
	attempts := c.Attempts("get", key)
	for {
		err := attempts.Next(ctx, c.cfg.Options.RequestTimeout, func(ctx context.Context, client *clientv3.Client) (*pb.ResponseHeader, error) {
			kv := clientv3.NewKVFromKVClient(briskKV{pb.NewKVClient(client.ActiveConnection())}, nil)
			got, err := kv.Get(ctx, key, options...)
			if err != nil {
				return nil, err
			}
			response = got
			return got.Header, nil
		})
		if err == nil {
			return response, nil
		}
		if ctx.Err() != nil || IsAnswer(err) || attempts.Exhausted() {
			return nil, err
		}
	}
}

// briskKV goes past clientv3's patience with a member that refuses: here another member is asked instead.
type briskKV struct{ pb.KVClient }

func (b briskKV) Range(ctx context.Context, request *pb.RangeRequest, options ...grpc.CallOption) (*pb.RangeResponse, error) {
	return b.KVClient.Range(ctx, request, append(options, callOptions...)...)
}
