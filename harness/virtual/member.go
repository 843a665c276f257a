package virtual

import (
	"context"
	"fmt"
	"sync/atomic"

	"go.etcd.io/etcd/client/pkg/v3/types"

	"github.com/stormwatch/stormwatch/harness/inprocess"
	"github.com/stormwatch/stormwatch/harness/link"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/rpc"
)

// member is a member of a cluster, running or not. While it runs, its server and all that ends with the server is a [run].
type member struct {
	cluster *cluster
	name    string
	id      types.ID
	rpc     rpc.Member
	clients *link.Link

	// misadvertises says that the member publishes a client URL at which nobody listens, from its next start on.
	misadvertises atomic.Bool

	// changing is held while the member starts or stops.
	changing chan struct{}
	// current is the run that peers and clients reach, nil while the member is down.
	current atomic.Pointer[run]
	// serving is the server while it is ready, else nil. It may be read at any time, by any goroutine.
	serving atomic.Pointer[inprocess.Server]
}

func newMember(c *cluster, name string, id types.ID) *member {
	return &member{
		cluster:  c,
		name:     name,
		id:       id,
		rpc:      rpc.Member{Board: c.env.Board, Recorder: c.env.Recorder, Cluster: c.name, Name: name},
		clients:  link.ToClients(c.env.Board, c.name, name),
		changing: make(chan struct{}, 1),
	}
}

func (m *member) String() string { return m.cluster.name + "/" + m.name }

func (m *member) point(n point.Name) point.Path {
	return m.cluster.env.Board.Path(m.cluster.name, m.name, n)
}

// hold blocks until no other goroutine starts or stops the member, and keeps others from it until release is called.
func (m *member) hold(ctx context.Context) (release func(), err error) {
	select {
	case m.changing <- struct{}{}:
		return func() { <-m.changing }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("member %s is still starting or stopping: %w", m, ctx.Err())
	}
}

// begin starts the member and returns without waiting until it serves; see awaitServing.
func (m *member) begin(ctx context.Context, as origin) (*run, error) {
	release, err := m.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if m.current.Load() != nil {
		return nil, fmt.Errorf("member %s runs already", m)
	}
	if err := m.cluster.ending.Err(); err != nil {
		return nil, fmt.Errorf("member %s: the cluster is closed", m)
	}
	r, err := newRun(m, as)
	if err != nil {
		return nil, fmt.Errorf("member %s: %w", m, err)
	}
	r.begin()
	m.current.Store(r)
	m.clients.Up()
	return r, nil
}

// kill ends the member's current run, if there is one, and blocks until it has ended. If a server that died cannot be stopped, the error
// says so.
func (m *member) kill(ctx context.Context) error {
	release, err := m.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	if r := m.current.Load(); r != nil {
		return m.end(r)
	}
	return nil
}

// end ends a run in this order: it cuts the member off from clients and peers, releases everything that faults hold in the run, since a
// server with a hung disk never stops, and then stops the server.
func (m *member) end(r *run) error {
	m.serving.Store(nil)
	m.current.Store(nil)
	m.clients.Down()
	return r.end()
}
