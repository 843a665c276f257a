package virtual

import (
	"context"
	"fmt"
	"sync/atomic"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver"

	"github.com/stormwatch/stormwatch/harness/link"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/rpc"
)

// member is a member of a cluster, whether it runs or not. What ends when it is killed is its [life].
type member struct {
	cluster *cluster
	name    string
	id      types.ID
	rpc     rpc.Member
	clients *link.Link

	// changing is held while the member starts or stops.
	changing chan struct{}
	// alive is the life that peers and clients reach, nil while the member is down.
	alive atomic.Pointer[life]
	// serving is the server once it is ready, for everybody to see at any time.
	serving atomic.Pointer[etcdserver.EtcdServer]
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

func (m *member) point(n point.Name) point.Path { return point.Of(m.cluster.name, m.name, n) }

// hold takes the right to start and stop the member, once nobody else has it.
func (m *member) hold(ctx context.Context) (release func(), err error) {
	select {
	case m.changing <- struct{}{}:
		return func() { <-m.changing }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("member %s is still starting or stopping: %w", m, ctx.Err())
	}
}

// begin starts the member and returns at once; it serves when its life says so.
func (m *member) begin(ctx context.Context, as origin) (*life, error) {
	release, err := m.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if m.alive.Load() != nil {
		return nil, fmt.Errorf("member %s runs already", m)
	}
	if err := m.cluster.ending.Err(); err != nil {
		return nil, fmt.Errorf("member %s: the cluster is closed", m)
	}
	l, err := newLife(m, as)
	if err != nil {
		return nil, fmt.Errorf("member %s: %w", m, err)
	}
	l.begin()
	m.alive.Store(l)
	m.clients.Up()
	return l, nil
}

// kill ends the member's life. It blocks until nothing of it runs; a member that is down stays so.
func (m *member) kill(ctx context.Context) error {
	release, err := m.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	if l := m.alive.Load(); l != nil {
		m.end(l)
	}
	return nil
}

// end is the order in which a member dies: first nobody reaches it any more, then whatever is held in it is let go, for a server whose
// disk hangs never stops, and then it stops.
func (m *member) end(l *life) {
	m.serving.Store(nil)
	m.alive.Store(nil)
	m.clients.Down()
	l.end()
}
