package manager

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// network makes all connections for one cluster: it resolves names with the cluster's name servers, dials with its dial
// function, and uses its TLS files.
type network struct {
	// direct connects to an address that has been resolved.
	direct   dialFunc
	resolver *resolver
	tls      *tlsSource
	// timeout is what connecting to one of several addresses may take when nothing else limits it.
	timeout time.Duration
	// own is false if gRPC's own dialing would do the same.
	own bool
}

func newNetwork(timeout time.Duration, target Target) *network {
	n := &network{timeout: timeout, direct: target.Dial, own: target.Dial != nil || len(target.NameServers) > 0}
	if n.direct == nil {
		n.direct = new(net.Dialer).DialContext
	}
	n.resolver = newResolver(target.Cluster, target.NameServers, n.direct)
	n.tls = newTLSSource(target)
	return n
}

// dial resolves a name and tries its addresses one after another until one connects. An address is given up when it is
// refused or has used up its share of the time that ctx leaves.
func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if n.resolver == nil {
		return n.direct(ctx, network, address)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addresses, err := n.resolver.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	conn, err := n.dialEach(ctx, network, addresses, port)
	if err != nil {
		n.resolver.forget(host)
	}
	return conn, err
}

func (n *network) dialEach(ctx context.Context, network string, addresses []netip.Addr, port string) (net.Conn, error) {
	var failures []error
	for i, address := range addresses {
		bounded, cancel := n.shareOf(ctx, len(addresses)-i)
		conn, err := n.direct(bounded, network, net.JoinHostPort(address.String(), port))
		cancel()
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(failures...)
}

// dialOptions make etcd's client use this network. Its endpoints may also be unix sockets, which have no name to resolve.
func (n *network) dialOptions() []grpc.DialOption {
	if !n.own {
		return nil
	}
	return []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
		if path, ok := strings.CutPrefix(address, "unix:"); ok {
			return n.direct(ctx, "unix", strings.TrimPrefix(path, "//"))
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			// A name without a port is for the caller's own dialer to know.
			return n.direct(ctx, "tcp", address)
		}
		return n.dial(ctx, "tcp", address)
	})}
}

// credentials are those that read the TLS files; nil if there are none.
func (n *network) credentials() credentials.TransportCredentials {
	if !n.tls.fromFiles() {
		return nil
	}
	return fileCredentials{source: n.tls}
}

// shareOf limits the next of several attempts to its share of the time that is left.
func (n *network) shareOf(ctx context.Context, attempts int) (context.Context, context.CancelFunc) {
	share := n.timeout
	if deadline, ok := ctx.Deadline(); ok {
		share = min(share, time.Until(deadline)/time.Duration(attempts))
	}
	return context.WithTimeout(ctx, share)
}
