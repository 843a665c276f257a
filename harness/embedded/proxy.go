package embedded

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/stormwatch/stormwatch/harness/link"
)

const anyPort = "127.0.0.1:0"

// route chooses the link of a new connection. It may read from the connection; the connection that it returns yields those bytes again.
type route func(net.Conn) (*link.Link, net.Conn, error)

// single is the route to a single link.
func single(l *link.Link) route {
	return func(c net.Conn) (*link.Link, net.Conn, error) { return l, c, nil }
}

// proxy forwards the connections to one of a member's advertised addresses, each over its link.
type proxy struct {
	listener net.Listener
	route    route
	done     chan struct{}
	running  sync.WaitGroup

	mu       sync.Mutex
	upstream string // the address on which the member listens; empty before its first start
	callers  map[net.Conn]struct{}
}

// listen opens a proxy on an address. It resets connections until to is called.
func listen(address string, r route) (*proxy, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for a link: %w", err)
	}
	p := &proxy{listener: listener, route: r, done: make(chan struct{}), callers: map[net.Conn]struct{}{}}
	p.running.Go(p.accept)
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }
func (p *proxy) url() string     { return "http://" + p.address() }

// to sets the address on which the member listens from now on.
func (p *proxy) to(upstream string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.upstream = upstream
}

// accept runs until the listener is closed.
func (p *proxy) accept() {
	for {
		caller, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.callers[caller] = struct{}{}
		p.mu.Unlock()
		p.running.Go(func() {
			p.serve(caller)
			p.mu.Lock()
			delete(p.callers, caller)
			p.mu.Unlock()
		})
	}
}

// serve carries one connection until either side ends it.
func (p *proxy) serve(caller net.Conn) {
	l, in, err := p.route(caller)
	if err == nil {
		var conn *link.Conn
		if conn, err = p.connect(l); err == nil {
			err = pump(in, conn)
		}
	}
	if errors.Is(err, link.ErrCut) || errors.Is(err, link.ErrRefused) {
		// The kernel has already accepted the connection, so it cannot be refused any more. A reset is the next best.
		_ = caller.(*net.TCPConn).SetLinger(0)
	}
	_ = caller.Close()
}

// connect admits a connection to the link and opens its other half.
func (p *proxy) connect(l *link.Link) (*link.Conn, error) {
	if err := l.Admit(p.done); err != nil {
		return nil, err
	}
	p.mu.Lock()
	upstream := p.upstream
	p.mu.Unlock()
	member, err := net.Dial("tcp", upstream)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", link.ErrRefused, err)
	}
	return l.Wrap(member)
}

// pump copies both ways until one ends, then ends the other, and returns [link.ErrCut] if the link was what ended it.
func pump(caller net.Conn, member *link.Conn) error {
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(caller, member) // any error means that the connection has ended
		if member.WasCut() {
			cut(caller)
		}
		_ = caller.Close()
	})
	_, _ = io.Copy(member, caller)
	_ = member.Close()
	back.Wait()
	if member.WasCut() {
		return link.ErrCut
	}
	return nil
}

// cut makes the following Close send a reset.
func cut(c net.Conn) {
	if tcp, ok := c.(interface{ SetLinger(int) error }); ok {
		_ = tcp.SetLinger(0)
	}
}

// close closes the proxy and every connection through it, and blocks until its goroutines have ended.
func (p *proxy) close() {
	close(p.done)
	_ = p.listener.Close()
	p.mu.Lock()
	for c := range p.callers {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}
