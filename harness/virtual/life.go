package virtual

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/etcdhttp"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/stormwatch/stormwatch/harness/point"
)

// life is a member from one start to the next stop: an etcd server and what is around it.
type life struct {
	member    *member
	server    *etcdserver.EtcdServer
	grpc      *grpc.Server
	clients   *bufconn.Listener
	peers     http.Handler
	transport *transport

	// ctx ends with the life; everything that is held in it waits for that too.
	ctx     context.Context
	cancel  context.CancelFunc
	ready   chan struct{} // closed when it serves
	running sync.WaitGroup

	// proposals of other members wait here while there is no leader, so that nothing else waits behind them.
	proposals chan *raftpb.Message
}

// The sizes of buffers: rafthttp's for proposals, and what a connection holds in each direction before a writer waits.
const (
	maxPendingProposals = 4096
	connectionBuffer    = 1 << 15
)

// newLife makes a member's server, with the parts of this package in the place of etcd's own, and does not start it yet.
func newLife(m *member, as origin) (*life, error) {
	server, err := etcdserver.NewServer(m.config(as))
	if err != nil {
		return nil, err
	}
	l := &life{
		member:    m,
		server:    server,
		clients:   bufconn.Listen(connectionBuffer),
		ready:     make(chan struct{}),
		proposals: make(chan *raftpb.Message, maxPendingProposals),
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.transport = newTransport(l)
	if err := l.replaceParts(); err != nil {
		l.cancel()
		server.Start() // only a server that runs can be stopped whole
		server.HardStop()
		l.running.Wait()
		return nil, err
	}
	return l, nil
}

// replaceParts opens the seams. The server must not have been started.
func (l *life) replaceParts() error {
	m, board := l.member, l.member.cluster.env.Board
	return errors.Join(
		replaceTransport(l.server, l.transport),
		wrapStorage(l.server, &disk{board: board, path: m.point(point.WALSave), done: l.ctx.Done()}),
		wrapApplier(l.server, &applyGate{board: board, path: m.point(point.Apply), done: l.ctx.Done()}),
		replacePeerRequests(l.server, &peerRequests{from: l}),
	)
}

// begin starts the server. Peers reach it from now on, clients once it is ready, as with embed.
func (l *life) begin() {
	l.transport.meet(l.server.Cluster().Members())
	l.server.Start()
	l.peers = etcdhttp.NewPeerHandler(l.server.Logger(), l.server)
	options := append(keepalive(), l.member.rpc.ServerOptions()...)
	l.grpc = v3rpc.Server(l.server, nil, nil, options...)
	l.running.Go(l.propose)
	l.running.Go(l.serve)
	l.member.cluster.running.Go(l.watchOver)
}

// serve takes clients from when the server is ready until the life ends.
func (l *life) serve() {
	select {
	case <-l.server.ReadyNotify():
	case <-l.ctx.Done():
		return
	}
	l.member.serving.Store(l.server)
	defer l.member.serving.CompareAndSwap(l.server, nil)
	close(l.ready)
	_ = l.grpc.Serve(l.clients) // ends with the life and says only that
}

// awaitServing blocks until the member serves, and returns an error if it is killed before or ctx ends.
func (l *life) awaitServing(ctx context.Context) error {
	select {
	case <-l.ready:
		return nil
	case <-l.ctx.Done():
		return fmt.Errorf("member %s was stopped before it served", l.member)
	case <-ctx.Done():
		return fmt.Errorf("member %s runs but does not serve yet: %w", l.member, ctx.Err())
	}
}

// propose hands proposals of other members to raft, which lets them wait for a leader.
func (l *life) propose() {
	for {
		select {
		case m := <-l.proposals:
			_ = l.server.Process(l.ctx, m) // as lost as a message on the way; its proposer asks again
		case <-l.ctx.Done():
			return
		}
	}
}

// watchOver buries a member that stopped itself, having learnt that it was removed from its cluster: etcd stops its transport then, and
// that ends the life.
func (l *life) watchOver() {
	<-l.ctx.Done()
	l.bury()
}

// bury ends the life from within, unless somebody else has.
func (l *life) bury() {
	release, err := l.member.hold(context.Background())
	if err != nil {
		return
	}
	defer release()
	if l.member.alive.Load() == l {
		l.member.end(l)
	}
}

// end stops everything. It blocks until nothing of the life runs.
func (l *life) end() {
	l.cancel()
	l.grpc.Stop()
	_ = l.clients.Close() // which gRPC does only if it served
	// Calls that were cut off must not meet a database that is closed under them, which etcd would not survive.
	settle()
	l.server.HardStop()
	l.running.Wait()
}

// settle blocks until everybody else in the bubble waits for something: only then does its clock go on.
func settle() { <-time.After(1) }
