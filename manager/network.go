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

// network is the way of everything that is dialed for one cluster: names through the cluster's name servers,
// connections through its dial function, TLS by its files.
type network struct {
	// direct connects to what has been resolved.
	direct   dialFunc
	resolver *resolver
	tls      *tlsSource
	// timeout is what connecting to one of several addresses may take when nothing else limits it.
	timeout time.Duration
	// own is false when nothing here differs from what gRPC does by itself.
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

// dial resolves and connects, each address of a name in turn until one answers. The next address gets its chance
// when the one before is refused or had its share of the time that ctx leaves.
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

// dialOptions are what etcd's client needs to go the same way. Its endpoints may also be unix sockets, which have
// no name to resolve.
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

// shareOf gives one of several attempts its share of the time that is left.
func (n *network) shareOf(ctx context.Context, attempts int) (context.Context, context.CancelFunc) {
	share := n.timeout
	if deadline, ok := ctx.Deadline(); ok {
		share = min(share, time.Until(deadline)/time.Duration(attempts))
	}
	return context.WithTimeout(ctx, share)
}
