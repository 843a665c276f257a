package manager

import (
	"context"
	"maps"
	"net"
	"net/http"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Cluster is a handle of one managed cluster. All handles of a cluster share its clients, so a handle is cheap to get
// and need not be closed.
//
// A handle is valid until the cluster's runtime is replaced, because its target changed, or the cluster is removed, or
// the manager is closed. After that all its methods fail with a [*ClusterGoneError], also those under way, so that a call
// never uses a closed client or a cluster with other endpoints. So get a handle when it is needed, and do not keep it.
//
// [Manager.Cluster] returns the handle of no cluster for the empty name. It dials and uses HTTP with the defaults of
// the process; methods that need a cluster fail with [ErrNoCluster]. There is no default cluster: a call without a name
// never goes to one of the managed clusters, however many there are.
type Cluster struct {
	name string
	// runtime is nil in the handle of no cluster.
	runtime *runtime
}

// Cluster returns a handle of a managed cluster. It fails with [ErrNoCluster], wrapped with the name, if no cluster of
// this name is managed, or with [ErrClosed]. A cluster that has not answered yet counts as managed. The empty name gives
// the handle of no cluster. Cluster does not block.
func (m *Manager) Cluster(name string) (*Cluster, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return nil, ErrClosed
	}
	if name == "" {
		return &Cluster{}, nil
	}
	managed, ok := m.managed[name]
	if !ok {
		return nil, &NoClusterError{Cluster: name}
	}
	return &Cluster{name: name, runtime: managed.current}, nil
}

// Clusters are the names of the managed clusters, in order. It does not block.
func (m *Manager) Clusters() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.managed))
}

// DialContext connects to an address through the named cluster's network; see [Cluster.DialContext]. For an unknown name
// it fails with [ErrNoCluster] and dials nothing. The empty name means the default dialer of the process.
func (m *Manager) DialContext(ctx context.Context, cluster, network, address string) (net.Conn, error) {
	c, err := m.Cluster(cluster)
	if err != nil {
		return nil, err
	}
	return c.DialContext(ctx, network, address)
}

// Name is the cluster's name, empty for the handle of no cluster.
func (c *Cluster) Name() string { return c.name }

// View is what the manager believes of the cluster now, like [Manager.View]. It does not block.
func (c *Cluster) View() (View, error) {
	if c.runtime == nil {
		return View{}, ErrNoCluster
	}
	if err := context.Cause(c.runtime.gate.ctx); err != nil {
		return View{}, err
	}
	return c.runtime.view(), nil
}

// DialContext connects to an address and resolves its name with the cluster's name servers. It blocks until it is connected
// or refused, or ctx ends. The caller owns the connection: it stays open after the cluster is removed, as a client's
// session with a backend should.
func (c *Cluster) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if c.runtime == nil {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	err = c.runtime.gate.do(ctx, func(ctx context.Context) error {
		conn, err = c.runtime.network.dial(ctx, network, address)
		return err
	})
	return conn, err
}

// HTTPClient is the HTTP client that all users of the cluster share. It resolves names with the cluster's name servers
// and uses the cluster's TLS. It uses no proxy and has no timeout except the request's context. The caller must not change
// it. Once the handle is invalid, its requests fail with a [*ClusterGoneError], wrapped in the usual *url.Error.
func (c *Cluster) HTTPClient() *http.Client {
	if c.runtime == nil {
		return http.DefaultClient
	}
	return &http.Client{Transport: c.runtime.http}
}

// Get reads keys from etcd, linearizably unless an option says otherwise. It asks one member after another, those without
// recent failures first, each with a timeout of Config.Watch.RequestTimeout, and returns the first response. It blocks no
// longer than ctx. If all fail, it returns a [*guard.OpError] with the error of the last member.
func (c *Cluster) Get(ctx context.Context, key string, options ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	if c.runtime == nil {
		return nil, ErrNoCluster
	}
	var response *clientv3.GetResponse
	err := c.runtime.gate.do(ctx, func(ctx context.Context) error {
		var err error
		response, err = c.runtime.client.Get(ctx, key, options...)
		return err
	})
	return response, err
}
