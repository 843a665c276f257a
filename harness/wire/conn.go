package wire

import (
	"context"
	"fmt"
	"net"
	"sync"

	"github.com/stormwatch/stormwatch/harness/record"
)

// dial counts an attempt to connect, and records the connection.
func (w *Wire) dial(ctx context.Context, address string) (net.Conn, error) {
	w.sends(record.Dials)
	member := w.At(address)
	own := w.linkTo(member)
	if err := own.Admit(ctx.Done()); err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	raw, err := w.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	onLink, err := own.Wrap(raw)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	c := &conn{Conn: onLink, recorded: w.Recorder.Connection(w.Cluster, member), waiting: map[uint32]bool{}}
	c.out = scanner{skip: len(preface), frame: c.sent}
	c.in = scanner{frame: c.received}
	return c, nil
}

// conn is one connection of a client to a member. It knows from the frames of HTTP/2 on which streams the client waits for something.
type conn struct {
	net.Conn
	recorded *record.OpenConnection
	once     sync.Once
	in, out  scanner // each used by one goroutine at a time, as Read and Write are

	mu      sync.Mutex
	waiting map[uint32]bool // the open streams
}

// Read receives from the member.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.in.scan(b[:n])
		c.mu.Lock()
		waits := len(c.waiting) > 0
		c.mu.Unlock()
		c.recorded.Heard(waits)
	}
	return n, err
}

// Write sends to the member.
func (c *conn) Write(b []byte) (int, error) {
	c.out.scan(b)
	return c.Conn.Write(b)
}

// Close closes the connection. What was written and not yet taken is lost.
func (c *conn) Close() error {
	c.once.Do(c.recorded.Close)
	return c.Conn.Close()
}

// sent follows a frame to the member.
func (c *conn) sent(f frame) {
	switch {
	case f.kind == headersFrame:
		c.mu.Lock()
		first := len(c.waiting) == 0
		c.waiting[f.stream] = true
		c.mu.Unlock()
		if first {
			c.recorded.Waits()
		}
	case f.kind == resetFrame:
		c.ended(f.stream)
	}
}

// received follows a frame from the member.
func (c *conn) received(f frame) {
	switch {
	case f.kind == resetFrame, (f.kind == dataFrame || f.kind == headersFrame) && f.flags&endStream != 0:
		c.ended(f.stream)
	case f.kind == goAwayFrame && f.code == enhanceYourCalm:
		c.recorded.TooManyPings()
	}
}

func (c *conn) ended(stream uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, stream)
	if len(c.waiting) == 0 {
		c.recorded.Idles()
	}
}
