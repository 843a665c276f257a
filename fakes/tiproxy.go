package fakes

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// TiProxy is another instance of TiProxy: its registration stands beside the manager's own, and the manager must leave it alone. (TiProxy
// itself deletes the whole prefix when it closes.)
type TiProxy struct {
	Cluster *harness.Cluster
	Address string
}

// Run registers the instance, without a lease, and returns.
func (p *TiProxy) Run(ctx context.Context) error {
	info, ttl := "/topology/tiproxy/"+p.Address+"/info", "/topology/tiproxy/"+p.Address+"/ttl"
	_, err := p.Cluster.Commit(ctx, func(ctx context.Context, client *clientv3.Client) error {
		_, err := client.Txn(ctx).Then(clientv3.OpPut(info, `{"version":"1.4.0"}`), clientv3.OpPut(ttl, nanoseconds())).Commit()
		return err
	})
	if err != nil {
		return fmt.Errorf("tiproxy %s: register: %w", p.Address, err)
	}
	p.Cluster.Guard(info, ttl)
	return nil
}
