package etcdtest

import (
	"context"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// A lease of the fake lives until it is revoked: none expires.

// Leases counts those that were granted and not revoked.
func (c *Fake) Leases() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.leases)
}

// Key is the value of a key, and whether it exists.
func (c *Fake) Key(key string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kv, ok := c.keys[key]
	if !ok {
		return "", false
	}
	return string(kv.Value), true
}

// LeaseGrant is part of etcd's lease service.
func (m *FakeMember) LeaseGrant(ctx context.Context, r *pb.LeaseGrantRequest) (*pb.LeaseGrantResponse, error) {
	if err := m.hangs(ctx); err != nil {
		return nil, err
	}
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leases[r.ID] {
		return nil, rpctypes.ErrGRPCLeaseExist
	}
	c.leases[r.ID] = true
	return &pb.LeaseGrantResponse{Header: m.header(), ID: r.ID, TTL: r.TTL}, nil
}

// LeaseRevoke is part of etcd's lease service.
func (m *FakeMember) LeaseRevoke(ctx context.Context, r *pb.LeaseRevokeRequest) (*pb.LeaseRevokeResponse, error) {
	if err := m.hangs(ctx); err != nil {
		return nil, err
	}
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.leases[r.ID] {
		return nil, rpctypes.ErrGRPCLeaseNotFound
	}
	delete(c.leases, r.ID)
	for key, kv := range c.keys {
		if kv.Lease == r.ID {
			c.remove(key)
		}
	}
	return &pb.LeaseRevokeResponse{Header: m.header()}, nil
}

// LeaseKeepAlive is part of etcd's lease service.
func (m *FakeMember) LeaseKeepAlive(stream pb.Lease_LeaseKeepAliveServer) error {
	for {
		r, err := stream.Recv()
		if err != nil {
			return nil
		}
		if err := m.hangs(stream.Context()); err != nil {
			return err
		}
		answer := &pb.LeaseKeepAliveResponse{Header: m.header(), ID: r.ID}
		m.cluster.mu.Lock()
		if m.cluster.leases[r.ID] {
			answer.TTL = 45
		}
		m.cluster.mu.Unlock()
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

// Txn knows what a registration asks for, keys compared by their lease and puts, and what a probe asks for, which only reads.
func (m *FakeMember) Txn(ctx context.Context, r *pb.TxnRequest) (*pb.TxnResponse, error) {
	if len(r.Success) > 0 && r.Success[0].GetRequestRange() != nil {
		return m.probe(ctx, r)
	}
	if err := m.hangs(ctx); err != nil {
		return nil, err
	}
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	succeeded := true
	for _, compare := range r.Compare {
		kv := c.keys[string(compare.Key)]
		succeeded = succeeded && kv != nil && kv.Lease == compare.GetLease()
	}
	ops := r.Failure
	if succeeded {
		ops = r.Success
	}
	for _, op := range ops {
		put := op.GetRequestPut()
		if !c.leases[put.Lease] {
			return nil, rpctypes.ErrGRPCLeaseNotFound
		}
		c.set(&mvccpb.KeyValue{Key: put.Key, Value: put.Value, Lease: put.Lease})
	}
	return &pb.TxnResponse{Header: m.header(), Succeeded: succeeded}, nil
}

// probe answers reads of several prefixes.
func (m *FakeMember) probe(ctx context.Context, r *pb.TxnRequest) (*pb.TxnResponse, error) {
	m.Probes.Add(1)
	if err := m.hangs(ctx); err != nil {
		return nil, err
	}
	m.cluster.mu.Lock()
	defer m.cluster.mu.Unlock()
	resp := &pb.TxnResponse{Header: m.header(), Succeeded: true}
	for _, op := range r.Success {
		if forbidden := m.cluster.Forbidden.Load(); forbidden != nil && string(op.GetRequestRange().Key) == *forbidden {
			return nil, rpctypes.ErrGRPCPermissionDenied
		}
		resp.Responses = append(resp.Responses, &pb.ResponseOp{
			Response: &pb.ResponseOp_ResponseRange{ResponseRange: m.read(op.GetRequestRange())},
		})
	}
	return resp, nil
}
