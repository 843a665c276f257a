package manager

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// These limit how many idle connections to one server are kept, and for how long.
const (
	idleHTTPConns = 8
	idleHTTPTime  = 90 * time.Second
)

// sharedHTTP is the one HTTP client of a cluster. Its connections use the cluster's network and are closed with the
// runtime.
type sharedHTTP struct {
	gate      *gate
	network   *network
	transport *http.Transport

	mu    sync.Mutex
	conns map[*httpConn]bool
}

func newSharedHTTP(gate *gate, network *network) *sharedHTTP {
	s := &sharedHTTP{gate: gate, network: network, conns: make(map[*httpConn]bool)}
	s.transport = &http.Transport{
		DialContext:         s.dial,
		DialTLSContext:      s.dialTLS,
		MaxIdleConnsPerHost: idleHTTPConns,
		IdleConnTimeout:     idleHTTPTime,
	}
	return s
}

// RoundTrip makes sharedHTTP an [http.RoundTripper] that fails with a [*ClusterGoneError] once the runtime is gone;
// a response that is being read then fails in the same way.
func (s *sharedHTTP) RoundTrip(request *http.Request) (*http.Response, error) {
	inner, leave, release, err := s.gate.enter(request.Context())
	if err != nil {
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, err
	}
	// Leave now, not when the body has been read: a caller who never closes a body must not keep the runtime from closing.
	defer leave()
	response, err := s.transport.RoundTrip(request.WithContext(inner))
	if err != nil {
		err = orGone(inner, err)
		release()
		return nil, err
	}
	response.Body = &httpBody{ReadCloser: response.Body, ctx: inner, release: release}
	return response, nil
}

// dial enters the gate on its own, since a transport may go on dialing for a request that has ended.
func (s *sharedHTTP) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = s.gate.do(ctx, func(ctx context.Context) error {
		conn, err = s.network.dial(ctx, network, address)
		if err == nil {
			conn = s.track(conn)
		}
		return err
	})
	return conn, err
}

func (s *sharedHTTP) dialTLS(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = s.gate.do(ctx, func(ctx context.Context) error {
		config, err := s.network.tls.current()
		if err != nil {
			return err
		}
		if config.ServerName == "" {
			if config.ServerName, _, err = net.SplitHostPort(address); err != nil {
				return err
			}
		}
		// For HTTP/2 the transport would have to do the TLS handshake itself. Short responses do not need HTTP/2.
		config.NextProtos = []string{"http/1.1"}
		raw, err := s.network.dial(ctx, network, address)
		if err != nil {
			return err
		}
		secured := tls.Client(s.track(raw), config)
		if err := secured.HandshakeContext(ctx); err != nil {
			_ = secured.Close()
			return err
		}
		conn = secured
		return nil
	})
	return conn, err
}

func (s *sharedHTTP) track(raw net.Conn) net.Conn {
	conn := &httpConn{Conn: raw, owner: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns[conn] = true
	return conn
}

// close closes every connection, used or idle. The gate must be shut, and all calls must have left.
func (s *sharedHTTP) close() {
	s.transport.CloseIdleConnections()
	s.mu.Lock()
	open := s.conns
	s.conns = nil
	s.mu.Unlock()
	for conn := range open {
		_ = conn.Conn.Close()
	}
}

// httpConn is a connection that the runtime can find and close.
type httpConn struct {
	net.Conn
	owner *sharedHTTP
}

func (c *httpConn) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.conns, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}

type httpBody struct {
	io.ReadCloser
	ctx     context.Context
	release func()
}

func (b *httpBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		return n, err
	}
	return n, orGone(b.ctx, err)
}

func (b *httpBody) Close() error {
	err := b.ReadCloser.Close()
	b.release()
	return err
}
