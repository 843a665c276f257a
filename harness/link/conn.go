package link

import (
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/stormwatch/stormwatch/harness/point"
)

// Conn is a connection on a link. Written data pass the link's points toward the member, and data that are read pass the points of the
// other direction. While a point holds data, Write and Read block and ignore deadlines, as with a frozen process or a firewall that drops
// packets. Data that were held arrive after the heal, as they would by TCP's retransmissions.
type Conn struct {
	net.Conn
	link *Link
	done chan struct{}
	once sync.Once
	cuts atomic.Bool

	// A direction that has lost bytes loses everything that follows, also after the heal: a stream with a gap is of no use.
	lostToward, lostBack atomic.Bool
	stranded             atomic.Bool // by Link.Strand
}

// Write sends b toward the member. It blocks while a point delays or holds the data, and returns [ErrCut] if the connection was cut.
func (c *Conn) Write(b []byte) (int, error) {
	pass, err := c.pass(c.link.toward, &c.lostToward)
	if err != nil {
		return 0, err
	}
	if !pass {
		return len(b), nil
	}
	n, err := c.Conn.Write(b)
	if err != nil {
		// The member has closed the connection. That becomes known on the way back, as data do; else a writer would know of it long before the reader,
		// and gRPC, which waits for the reader to say so, would try again and again without a pause.
		pass, cut := c.pass(c.link.back, &c.lostBack)
		switch {
		case cut != nil:
			return n, cut
		case !pass:
			return len(b), nil
		}
	}
	return n, c.explain(err)
}

// Read receives from the member. It blocks while a point delays or holds the data, and returns [ErrCut] if the connection was cut.
func (c *Conn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil {
			return n, c.explain(err)
		}
		pass, err := c.pass(c.link.back, &c.lostBack)
		if err != nil {
			return 0, err
		}
		if pass {
			return n, nil
		}
	}
}

// pass takes a piece of data past the points of one direction. It returns false if the data are lost.
func (c *Conn) pass(points []point.Path, lost *atomic.Bool) (bool, error) {
	if lost.Load() {
		return false, nil
	}
	for _, p := range points {
		switch c.link.board.Pass(c.done, p) {
		case point.Drop:
			if !lost.Swap(true) {
				go c.cutAfter(p)
			}
			return false, nil
		case point.Reset, point.Refuse:
			c.cut()
			return false, ErrCut
		}
	}
	return true, nil
}

// cutAfter cuts the connection once the point that dropped its data is healed.
func (c *Conn) cutAfter(p point.Path) {
	if c.link.board.AwaitOff(c.done, p) == nil {
		c.cut()
	}
}

// explain returns ErrCut for an error that is due to a cut, and other errors unchanged.
func (c *Conn) explain(err error) error {
	if err != nil && c.cuts.Load() {
		return ErrCut
	}
	return err
}

// cut ends the connection with a reset where there is TCP.
func (c *Conn) cut() {
	c.cuts.Store(true)
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		// With linger 0, Close discards unsent data and sends RST instead of FIN.
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// WasCut says whether the connection was reset rather than closed.
func (c *Conn) WasCut() bool { return c.cuts.Load() }

// Close closes the connection and removes it from the link. Reads and writes under way return.
func (c *Conn) Close() error {
	err := io.ErrClosedPipe
	c.once.Do(func() {
		close(c.done)
		c.link.mu.Lock()
		delete(c.link.conns, c)
		c.link.mu.Unlock()
		err = c.Conn.Close()
	})
	return err
}
