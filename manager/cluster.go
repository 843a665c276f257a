package manager

import (
	"context"
	"maps"
	"net"
	"net/http"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Cluster is a handle of one managed cluster as it is now. It shares the cluster's clients with everybody else, so
// it costs nothing to get and needs no closing.
//
// It is bound to the runtime it was got from. Once an update replaced that runtime, or the cluster was removed, or
// the manager closed, everything it is asked fails with a [*ClusterGoneError], calls under way included: it never
// reaches a client that is closed or that belongs to a cluster of other endpoints. So a handle is to be got when it
// is needed, not to be kept.
//
// The handle of no cluster, which [Manager.Cluster] gives for the empty name, dials and speaks HTTP by the defaults of
// the process; what needs a cluster fails with [ErrNoCluster]. No cluster stands for the others: whether one,
// several or none are managed, a call that names none of them never ends up in one.
type Cluster struct {
	name string
	// runtime is nil in the handle of no cluster.
	runtime *runtime
}

// Cluster returns a handle of a managed cluster, or [ErrNoCluster] wrapped with its name, or [ErrClosed]. A cluster
// that has not answered yet is managed. The empty name gives the handle of no cluster. It does not block.
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

// DialContext connects to an address the way the named cluster does now; see [Cluster.DialContext]. An unknown name
// fails with [ErrNoCluster] and dials nothing; the empty name means the default dialer of the process.
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
	if err := context.Cause(c.runtime.gate.life); err != nil {
		return View{}, err
	}
	return c.runtime.view(), nil
}

// DialContext connects to an address, with names resolved by the cluster's name servers. It blocks until connected,
// refused, or ctx ends. The connection is the caller's: it stays open when the cluster goes, as a client's session
// with a backend should.
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

// HTTPClient is the HTTP client that all users of the cluster share: its names are resolved by the cluster's name
// servers, its TLS is the cluster's, it uses no proxy and has no timeout but the request's context. It must not be
// changed. Its requests fail with a [*ClusterGoneError], within the usual *url.Error, once the handle is void.
func (c *Cluster) HTTPClient() *http.Client {
	if c.runtime == nil {
		return http.DefaultClient
	}
	return &http.Client{Transport: c.runtime.http}
}

// Get reads keys from etcd, linearizably unless an option says otherwise. It asks one member after the other, those
// in good standing first, each for Config.Watch.RequestTimeout, and returns the first answer; it blocks no longer than
// ctx. A [*guard.OpError] says what the last member asked had to say.
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
