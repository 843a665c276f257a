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

// Call is one request made through one member. It returns the header of the response, which may be nil.
//
// A client's own interfaces, such as clientv3.KV, repeat a refused request until its context ends. The interfaces of
// etcd's protocol (package etcdserverpb), made with client.ActiveConnection(), fail at once, so that another member can be
// asked instead.
type Call func(ctx context.Context, client *clientv3.Client) (*pb.ResponseHeader, error)

// Attempts makes one request through the members of a cluster, one after another: those without recent failures first,
// and none a second time before all were asked. Its methods are safe for concurrent use.
type Attempts struct {
	client  *Client
	op, key string

	// From tried on, mu guards the fields.
	mu    sync.Mutex
	tried map[*member]bool
}

// Attempts begins a request. Its errors name the operation op and the key.
func (c *Client) Attempts(op, key string) *Attempts {
	return &Attempts{client: c, op: op, key: key, tried: make(map[*member]bool)}
}

// Next makes the request through the next member, and blocks for up to timeout. When all members were asked, it starts
// again with the first. It fails with an [*OpError].
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

// exhausted reports whether every member was asked.
func (a *Attempts) exhausted() bool {
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

// IsAnswer reports whether an error is etcd's answer to the request, which every member would give, and not a failure of
// the member that was asked.
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

// Get reads keys, linearizably unless an option says otherwise. It asks one member after another, each once and with a
// timeout of [Options.RequestTimeout], and returns the first response. It blocks no longer than ctx. If all fail, it
// returns an [*OpError] with the error of the last member.
func (c *Client) Get(ctx context.Context, key string, options ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	var response *clientv3.GetResponse
	attempts := c.Attempts("get", key)
	for {
		err := attempts.Next(ctx, c.cfg.Options.RequestTimeout, func(ctx context.Context, client *clientv3.Client) (*pb.ResponseHeader, error) {
			kv := clientv3.NewKVFromKVClient(failFastKV{pb.NewKVClient(client.ActiveConnection())}, nil)
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
		if ctx.Err() != nil || IsAnswer(err) || attempts.exhausted() {
			return nil, err
		}
	}
}

// failFastKV makes requests fail at once if the member refuses them. clientv3 would repeat them, but here another member is
// asked instead.
type failFastKV struct{ pb.KVClient }

func (b failFastKV) Range(ctx context.Context, request *pb.RangeRequest, options ...grpc.CallOption) (*pb.RangeResponse, error) {
	return b.KVClient.Range(ctx, request, append(options, callOptions...)...)
}
