package virtual

import (
	"context"
	"crypto/tls"
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

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/inprocess"
	"github.com/stormwatch/stormwatch/harness/point"
)

// run is a member from one start to the next stop: an etcd server and the parts around it.
type run struct {
	member    *member
	server    *etcdserver.EtcdServer
	tls       *tls.Config       // nil: clients are served without TLS
	direct    *inprocess.Server // nil until begin
	death     *inprocess.Death
	grpc      *grpc.Server
	clients   *bufconn.Listener
	peers     http.Handler
	transport *transport
	disk      *disk

	// ctx ends with the run. Everything that a fault holds in this run also waits for ctx.
	ctx     context.Context
	cancel  context.CancelFunc
	ready   chan struct{} // closed when the server takes clients
	running sync.WaitGroup

	// proposals are those of other members. They wait here while there is no leader, so that other messages need not wait behind them.
	proposals chan *raftpb.Message
}

const (
	maxPendingProposals = 4096    // as in rafthttp
	connectionBuffer    = 1 << 15 // bytes that a connection holds in each direction before a writer waits
)

// newRun makes a member's server and replaces some parts of etcd by those of this package. It does not start the server.
func newRun(m *member, as origin) (*run, error) {
	r := &run{
		member:    m,
		clients:   bufconn.Listen(connectionBuffer),
		ready:     make(chan struct{}),
		proposals: make(chan *raftpb.Message, maxPendingProposals),
	}
	var err error
	if r.tls, err = inprocess.ServerTLS(m.cluster.env.Certificates); err != nil {
		return nil, err
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.death = inprocess.NewDeath(r.die)
	err = r.death.Start(func() (err error) {
		r.server, err = etcdserver.NewServer(m.config(as, m.logger(r.death)))
		return err
	})
	if err != nil {
		r.cancel()
		return nil, err
	}
	r.transport = newTransport(r)
	if err := r.replaceParts(); err != nil {
		r.cancel()
		r.server.Start() // etcd stops all its goroutines only if the server was started
		r.server.HardStop()
		r.running.Wait()
		return nil, err
	}
	return r, nil
}

// replaceParts puts the parts of this package into the server (seam_*.go). It must be called before the server starts.
func (r *run) replaceParts() error {
	m, board := r.member, r.member.cluster.env.Board
	r.disk = &disk{board: board, path: m.point(point.WALSave), done: r.ctx.Done()}
	return errors.Join(
		replaceTransport(r.server, r.transport),
		wrapStorage(r.server, r.disk),
		wrapApplier(r.server, &applyGate{board: board, path: m.point(point.Apply), done: r.ctx.Done(), committed: r.server.CommittedIndex}),
		replacePeerRequests(r.server, &peerRequests{from: r}),
	)
}

// begin starts the server. From now on peers reach it; clients reach it once it is ready, as with package embed.
func (r *run) begin() {
	r.transport.addPeers(r.server.Cluster().Members())
	r.server.Start()
	r.direct = inprocess.NewServer(r.server)
	r.peers = etcdhttp.NewPeerHandler(r.server.Logger(), r.server)
	options := append(keepalive(), r.member.rpc.ServerOptions()...)
	r.grpc = v3rpc.Server(r.server, r.tls, nil, options...)
	r.running.Go(r.propose)
	r.running.Go(r.serve)
	r.member.cluster.running.Go(r.endWhenDone)
}

// serve serves clients from the moment the server is ready until the run ends.
func (r *run) serve() {
	select {
	case <-r.server.ReadyNotify():
	case <-r.ctx.Done():
		return
	}
	r.member.serving.Store(r.direct)
	defer r.member.serving.CompareAndSwap(r.direct, nil)
	close(r.ready)
	_ = r.grpc.Serve(r.clients) // the error says only that the run has ended
}

// awaitServing blocks until the member serves. It returns an error if the member is stopped before that, or ctx ends.
func (r *run) awaitServing(ctx context.Context) error {
	select {
	case <-r.ready:
		return nil
	case <-r.ctx.Done():
		if cause := r.death.Cause(); cause != nil {
			return fmt.Errorf("member %s: %w", r.member, cause)
		}
		return fmt.Errorf("member %s was stopped before it served", r.member)
	case <-ctx.Done():
		return fmt.Errorf("member %s: %w: %w", r.member, harness.ErrNotServing, ctx.Err())
	}
}

// propose hands the proposals of other members to raft, which blocks until there is a leader.
func (r *run) propose() {
	for {
		select {
		case m := <-r.proposals:
			_ = r.server.Process(r.ctx, m) // on an error the proposal is lost, as on a network; the proposer times out and may retry
		case <-r.ctx.Done():
			return
		}
	}
}

// die is called when etcd ends itself. It cuts the member off from clients and peers; endWhenDone then stops the rest of the run.
func (r *run) die(cause error) {
	r.cancel()
	if m := r.member; m.current.Load() == r {
		m.serving.Store(nil)
		m.clients.Down()
	}
	if died := r.member.cluster.env.Died; died != nil {
		died(r.member.name, cause)
	}
}

// endWhenDone ends a run whose server died, or stopped by itself because it learnt that it was removed from its cluster. In the second
// case etcd stops its transport, and our transport then cancels the run's context.
func (r *run) endWhenDone() {
	<-r.ctx.Done()
	r.endUnlessEnded()
}

// endUnlessEnded ends the run, unless another goroutine has ended it.
func (r *run) endUnlessEnded() {
	release, err := r.member.hold(context.Background())
	if err != nil {
		return
	}
	defer release()
	if r.member.current.Load() == r {
		if err := r.member.end(r); err != nil {
			r.member.cluster.noteLeft(err)
		}
	}
}

// end stops the server and everything around it, and blocks until all of it has stopped. If a server that died cannot be stopped, the
// error says so.
func (r *run) end() error {
	r.cancel()
	r.grpc.Stop()
	_ = r.clients.Close() // gRPC closes it only if it has served
	r.direct.CloseDirect()
	// Calls that were interrupted must end before the database is closed: etcd panics if a call uses a closed database.
	settle()
	if err := r.death.AwaitStop(r.server.HardStop, r.server.StoppingNotify(), r.disk.Storage); err != nil {
		return fmt.Errorf("member %s: %w", r.member, err)
	}
	r.running.Wait()
	return nil
}

// settle blocks until every other goroutine in the bubble waits: virtual time passes only then.
func settle() { <-time.After(1) }
