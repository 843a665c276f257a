package record

import "time"

// Traffic counts what the manager's clients of one cluster sent in one second of the run. Seconds count from 0. A second without any traffic is not on
// record.
type Traffic struct {
	Cluster string
	Second  int
	// Dials are attempts to connect, Watches requests to create a watch, Requests everything else that was sent.
	Dials, Watches, Requests int
}

// Sending is a kind of traffic.
type Sending int

// The kinds of traffic.
const (
	Dials Sending = iota
	Watches
	Requests
)

// Of returns the count of one kind.
func (t Traffic) Of(s Sending) int {
	switch s {
	case Dials:
		return t.Dials
	case Watches:
		return t.Watches
	default:
		return t.Requests
	}
}

// Connection is one connection of the manager to a member, as the manager's side sees it. Closed is negative while it is open.
type Connection struct {
	Cluster, Member string
	Opened, Closed  time.Duration
	// Waits are the times longer than [bound.Bounds.DeadConnection] in which a stream or a request was open and nothing arrived. Since is when
	// the present one began; negative if there is none.
	Waits []Silence
	Since time.Duration
	// TooManyPings are the instants at which the member closed the connection because the client pinged it too often.
	TooManyPings []time.Duration
}

// Broken is a promise of a watch that was not kept, in what the manager's client received.
type Broken struct {
	At              time.Duration
	Cluster, Member string
	Key             string
	Opened          time.Duration // when the watch was created
	Problem         string
}

// Sent counts something that a client of the manager sent.
func (r *Recorder) Sent(cluster string, what Sending) {
	r.do(func(at time.Duration, rec *Record) {
		second := int(at / time.Second)
		i, ok := r.traffic[cluster]
		if !ok || rec.Traffic[i].Second != second {
			i = len(rec.Traffic)
			r.traffic[cluster] = i
			rec.Traffic = append(rec.Traffic, Traffic{Cluster: cluster, Second: second})
		}
		switch t := &rec.Traffic[i]; what {
		case Dials:
			t.Dials++
		case Watches:
			t.Watches++
		default:
			t.Requests++
		}
	})
}

// Broken records a promise of a watch that was not kept. The caller sets all fields but At.
func (r *Recorder) Broken(b Broken) {
	r.do(func(at time.Duration, rec *Record) {
		b.At = at
		rec.Broken = append(rec.Broken, b)
	})
}

// Connection records that a client of the manager was connected to a member.
func (r *Recorder) Connection(cluster, member string) *OpenConnection {
	c := &OpenConnection{recorder: r, index: -1}
	r.do(func(at time.Duration, rec *Record) {
		c.index = len(rec.Connections)
		rec.Connections = append(rec.Connections, Connection{Cluster: cluster, Member: member, Opened: at, Closed: -1, Since: -1})
	})
	return c
}

// OpenConnection is a recorded connection.
type OpenConnection struct {
	recorder *Recorder
	index    int
}

// Waits records that the first stream of the connection was opened.
func (c *OpenConnection) Waits() {
	c.change(func(at time.Duration, _ *Record, conn *Connection) {
		if conn.Since < 0 {
			conn.Since = at
		}
	})
}

// Heard records that something arrived. waits says whether a stream is open.
func (c *OpenConnection) Heard(waits bool) {
	c.change(func(at time.Duration, rec *Record, conn *Connection) {
		conn.endWait(at, rec)
		if waits {
			conn.Since = at
		}
	})
}

// Idles records that the last stream of the connection has ended.
func (c *OpenConnection) Idles() {
	c.change(func(at time.Duration, rec *Record, conn *Connection) { conn.endWait(at, rec) })
}

// TooManyPings records that the member closes the connection because the client pinged it too often.
func (c *OpenConnection) TooManyPings() {
	c.change(func(at time.Duration, _ *Record, conn *Connection) { conn.TooManyPings = append(conn.TooManyPings, at) })
}

// Close records the end of the connection.
func (c *OpenConnection) Close() {
	c.change(func(at time.Duration, rec *Record, conn *Connection) {
		conn.endWait(at, rec)
		conn.Closed = at
	})
}

func (c *Connection) endWait(at time.Duration, rec *Record) {
	if c.Since >= 0 && at-c.Since > rec.Bounds().DeadConnection() {
		c.Waits = append(c.Waits, Silence{From: c.Since, To: at})
	}
	c.Since = -1
}

func (c *OpenConnection) change(f func(time.Duration, *Record, *Connection)) {
	c.recorder.do(func(at time.Duration, rec *Record) {
		if c.index >= 0 && rec.Connections[c.index].Closed < 0 {
			f(at, rec, &rec.Connections[c.index])
		}
	})
}
