package scenarios_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/tidb"
	"github.com/stormwatch/stormwatch/manager/tiproxy"
)

// lone is one cluster of three members in virtual time, without a world around it.
type lone struct {
	t       *testing.T
	timing  bound.Timing
	board   *point.Board
	running harness.Members
}

var loneMembers = []string{"m1", "m2", "m3"}

// onLone calls a test in virtual time, with a cluster that is there.
func onLone(t *testing.T, test func(c *lone)) {
	t.Helper()
	e := virtual.New(t, 1)
	require.NoError(t, e.Run(func() {
		dir, err := os.MkdirTemp(e.Dir(), "stormwatch-lone-")
		require.NoError(t, err)
		defer os.RemoveAll(dir)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		board := point.NewBoard(e.Timing().Heartbeat, nil)
		defer board.Close()
		env := harness.Env{
			Timing: e.Timing(), Log: zap.NewNop(), Recorder: record.NewRecorder(e.Timing()), Board: board, Dir: filepath.Join(dir, "alpha"),
		}
		require.NoError(t, os.Mkdir(env.Dir, 0o700))
		running, err := e.Start(ctx, harness.Spec{Name: "alpha", Members: len(loneMembers)}, env)
		require.NoError(t, err)
		defer running.Close()
		test(&lone{t: t, timing: e.Timing(), board: board, running: running})
	}))
}

func (c *lone) target(options ...grpc.DialOption) manager.Target {
	target := manager.Target{Cluster: "alpha", DialOptions: append(c.running.DialOptions(1), options...)}
	for _, m := range loneMembers {
		target.Endpoints = append(target.Endpoints, c.running.Endpoint(m))
	}
	return target
}

// hang throws a member's switches and returns how to heal them.
func (c *lone) hang(member string, points ...point.Name) (heal func()) {
	var thrown []*point.Thrown
	for _, p := range points {
		t, err := c.board.Throw(c.board.Path("alpha", member, p), point.Decision{Kind: point.Hang}.Terms())
		require.NoError(c.t, err)
		thrown = append(thrown, t)
	}
	return func() {
		for _, t := range thrown {
			t.Heal()
		}
	}
}

// clientPoints are those between a member and its clients.
var clientPoints = []point.Name{point.ClientAccept, point.ClientRead, point.ClientWrite}

// peerPoints are those between a member and its peers.
func peerPoints(member string) (points []point.Name) {
	for _, m := range loneMembers {
		if m != member {
			points = append(points, point.PeerSend(m), point.PeerRecv(m))
		}
	}
	return points
}

// ask calls a function with a client of one member.
func (c *lone) ask(member string, question func(ctx context.Context, client *clientv3.Client)) {
	client, err := clientv3.New(clientv3.Config{
		Endpoints: []string{c.running.Endpoint(member)}, DialOptions: c.running.DialOptions(1), Logger: zap.NewNop(),
	})
	require.NoError(c.t, err)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	question(ctx, client)
}

func (c *lone) leads(member string) (leads bool) {
	c.ask(member, func(ctx context.Context, client *clientv3.Client) {
		status, err := client.Status(ctx, c.running.Endpoint(member))
		require.NoError(c.t, err)
		leads = status.Leader == status.Header.MemberId
	})
	return leads
}

// connections counts what a client does.
type connections struct{ begun, ended atomic.Int64 }

func (s *connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (s *connections) HandleRPC(context.Context, stats.RPCStats)                         {}
func (s *connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (s *connections) HandleConn(_ context.Context, event stats.ConnStats) {
	switch event.(type) {
	case *stats.ConnBegin:
		s.begun.Add(1)
	case *stats.ConnEnd:
		s.ended.Add(1)
	}
}

// etcd answers pings on a connection without a stream with a GOAWAY, too_many_pings, and the connection ends. Probes are so rare here
// that two of three connections have nothing to do for minutes.
func TestAnIdleHourEndsNoConnectionAndAFrozenMemberIsNoticedAfterwards(t *testing.T) {
	onLone(t, func(c *lone) {
		var seen connections
		m, err := tidb.New(tidb.Config{Manager: manager.Config{
			Watch: guard.Options{ProbeInterval: 10 * time.Minute, SyncInterval: 24 * time.Hour},
		}})
		require.NoError(t, err)
		defer m.Close()
		require.NoError(t, m.Apply(context.Background(), []manager.Target{c.target(grpc.WithStatsHandler(&seen))}))
		time.Sleep(time.Hour)
		require.Equal(t, int64(len(loneMembers)), seen.begun.Load())
		require.Zero(t, seen.ended.Load())

		before, _ := m.View("alpha")
		member := loneMembers[0]
		require.Contains(t, before.Endpoint, c.running.Endpoint(member))
		defer c.hang(member, append(peerPoints(member), clientPoints...)...)()
		// With probes so rare the idle timeout notices; then comes an attempt elsewhere, which may meet an election.
		b := bound.Bounds{Timing: c.timing}
		time.Sleep(c.timing.IdleTimeout + b.Election() + b.Attach())
		after, _ := m.View("alpha")
		require.True(t, after.Healthy)
		require.NotEqual(t, before.Endpoint, after.Endpoint)
	})
}

// Close, and the removal of a cluster, while one of its members hangs: within the harness's bound, and without anything left. The timing
// is that of the catalogue, where the whole budget is one request's.
func TestAManagerLeavesNothingWhileAMemberHangs(t *testing.T) {
	for _, fault := range []struct {
		name   string
		points func(member string) []point.Name
		// settle is how long the cluster is given to elect another leader, without which no lease can be revoked.
		settle bool
	}{
		{"blackholed", func(string) []point.Name { return clientPoints }, false},
		{"frozen", func(member string) []point.Name { return append(peerPoints(member), clientPoints...) }, true},
		{"hung disk", func(string) []point.Name { return []point.Name{point.WALSave} }, true},
	} {
		for _, member := range loneMembers {
			for name, end := range map[string]func(m *tidb.Manager) error{
				"closed":  func(m *tidb.Manager) error { return m.Close() },
				"removed": func(m *tidb.Manager) error { return m.Apply(context.Background(), nil) },
			} {
				t.Run(fmt.Sprintf("%s/%s %s", name, member, fault.name), func(t *testing.T) {
					onLone(t, func(c *lone) { endUnderFault(c, member, fault.points(member), fault.settle, end) })
				})
			}
		}
	}
}

func endUnderFault(c *lone, member string, points []point.Name, settle bool, end func(*tidb.Manager) error) {
	t := c.t
	registration, err := tiproxy.Instance{Address: "10.0.0.8:6000"}.Registration()
	require.NoError(t, err)
	m, err := tidb.New(tidb.Config{Manager: manager.Config{
		Registration: registration, RegisterTimeout: c.timing.RequestTimeout, RegisterPause: c.timing.Heartbeat,
		CloseTimeout: c.timing.RequestTimeout,
	}})
	require.NoError(t, err)
	defer m.Close()
	var seen connections
	require.NoError(t, m.Apply(context.Background(), []manager.Target{c.target(grpc.WithStatsHandler(&seen))}))
	time.Sleep(time.Minute)

	b := bound.Bounds{Timing: c.timing}
	led := c.leads(member)
	heal := c.hang(member, points...)
	if settle && led {
		time.Sleep(b.Election())
	}
	begun := time.Now()
	require.NoError(t, end(m))
	require.LessOrEqual(t, time.Since(begun), b.Close())
	time.Sleep(c.timing.Heartbeat)
	require.Equal(t, seen.begun.Load(), seen.ended.Load(), "connections")
	other := loneMembers[0]
	if other == member {
		other = loneMembers[1]
	}
	c.ask(other, func(ctx context.Context, client *clientv3.Client) {
		leases, err := client.Leases(ctx)
		require.NoError(t, err)
		require.Empty(t, leases.Leases)
		keys, err := client.Get(ctx, "/topology/tiproxy/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
		require.NoError(t, err)
		require.Empty(t, keys.Kvs)
	})
	heal()
	require.NoError(t, m.Close())
}
