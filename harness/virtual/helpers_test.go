package virtual_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/version"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// lab is a world without a manager: clusters of an engine, their fault points, and clients.
type lab struct {
	t       *testing.T
	ctx     context.Context // made in the bubble; the test's own context was made outside, and waiting for it would stop virtual time
	engine  *virtual.Engine
	dir     string
	env     harness.Env
	members []harness.Members
	clients []*clientv3.Client
	start   time.Time
}

// inLab runs f in virtual time and fails the test if anything is left of it afterwards.
func inLab(t *testing.T, f func(*lab)) {
	t.Helper()
	require.NoError(t, runLab(t, f))
}

func runLab(t *testing.T, f func(*lab)) error {
	t.Helper()
	e := virtual.New(t, 1)
	return e.Run(func() {
		dir, err := os.MkdirTemp(e.Dir(), "stormwatch-lab-")
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		l := &lab{t: t, ctx: ctx, engine: e, dir: dir, start: time.Now()}
		l.env = harness.Env{
			Timing: e.Timing(), Log: zap.NewNop(), Recorder: record.NewRecorder(e.Timing()),
			Board: point.NewBoard(e.Timing().Heartbeat, nil),
		}
		defer l.close()
		f(l)
	})
}

func (l *lab) close() {
	l.env.Board.Close()
	for _, c := range l.clients {
		_ = c.Close() // the error says only that its context has ended
	}
	for _, m := range l.members {
		require.NoError(l.t, m.Close())
	}
	require.NoError(l.t, os.RemoveAll(l.dir))
}

// cluster starts a cluster.
func (l *lab) cluster(name string, members int) *labCluster {
	l.t.Helper()
	env := l.env
	env.Dir = filepath.Join(l.dir, name)
	require.NoError(l.t, os.Mkdir(env.Dir, 0o700))
	m, err := l.engine.Start(l.ctx, harness.Spec{Name: name, Members: members}, env)
	require.NoError(l.t, err)
	l.members = append(l.members, m)
	c := &labCluster{Members: m, lab: l, name: name}
	for i := range members {
		c.names = append(c.names, []string{"m1", "m2", "m3", "m4", "m5"}[i])
	}
	return c
}

// inBackground calls f again and again until the returned function is called, which waits for the last call.
func (l *lab) inBackground(f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(l.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			f(ctx)
		}
	}()
	return func() { cancel(); <-ended }
}

// since is the virtual time since the lab was set up.
func (l *lab) since() time.Duration { return time.Since(l.start) }

// labCluster is a cluster of a lab.
type labCluster struct {
	harness.Members
	lab   *lab
	name  string
	names []string
}

// throw switches a fault point of a member on until the returned function is called.
func (c *labCluster) throw(member string, n point.Name, kind point.Kind) (heal func()) {
	c.lab.t.Helper()
	thrown, err := c.lab.env.Board.Throw(c.lab.env.Board.Path(c.name, member, n), point.Decision{Kind: kind}.Terms())
	require.NoError(c.lab.t, err)
	return thrown.Heal
}

// isolate cuts a member off from the others.
func (c *labCluster) isolate(member string) (heal func()) {
	var heals []func()
	for _, other := range c.names {
		if other != member {
			heals = append(heals, c.throw(member, point.PeerSend(other), point.Drop), c.throw(member, point.PeerRecv(other), point.Drop))
		}
	}
	return func() {
		for _, h := range heals {
			h()
		}
	}
}

// client is a client of some members, all if none is named, as a production client is configured.
func (c *labCluster) client(members ...string) *clientv3.Client {
	c.lab.t.Helper()
	if len(members) == 0 {
		members = c.names
	}
	var endpoints []string
	for _, m := range members {
		endpoints = append(endpoints, c.Endpoint(m))
	}
	cli, err := clientv3.New(clientv3.Config{
		Endpoints: endpoints, DialOptions: c.DialOptions(1), Logger: zap.NewNop(),
		DialKeepAliveTime: 10 * time.Second, DialKeepAliveTimeout: 3 * time.Second,
	})
	require.NoError(c.lab.t, err)
	c.lab.clients = append(c.lab.clients, cli)
	return cli
}

// leader returns the member that a majority of the serving members follows, leaving out those in except. It blocks until there is one.
func (c *labCluster) leader(except ...string) string {
	c.lab.t.Helper()
	var leader string
	c.eventually(10*time.Second, "a leader", func() bool {
		votes := map[uint64]int{}
		for _, name := range c.names {
			if s := c.Status(name); s.Up && !contains(except, name) {
				votes[s.Leader]++
			}
		}
		for _, name := range c.names {
			s := c.Status(name)
			if s.Leads() && !contains(except, name) && votes[s.ID] > len(c.names)/2 {
				leader = name
				return true
			}
		}
		return false
	})
	return leader
}

// follower is the first member that does not lead.
func (c *labCluster) follower() string {
	leader := c.leader()
	for _, name := range c.names {
		if name != leader {
			return name
		}
	}
	c.lab.t.Fatalf("%s has no follower", c.name)
	return ""
}

// direct is the client that calls a member without a network.
func (c *labCluster) direct(member string) harness.Direct {
	c.lab.t.Helper()
	d, err := c.Direct(member)
	require.NoError(c.lab.t, err)
	return d
}

// revision is the revision that a member has applied.
func (c *labCluster) revision(member string) int64 {
	c.lab.t.Helper()
	resp, err := c.direct(member).Get(c.lab.ctx, "k", clientv3.WithSerializable())
	require.NoError(c.lab.t, err)
	return resp.Header.Revision
}

// moveLeader makes a leader hand over.
func (c *labCluster) moveLeader(from, to string) {
	c.lab.t.Helper()
	_, err := c.direct(from).MoveLeader(c.lab.ctx, c.Status(to).ID)
	require.NoError(c.lab.t, err)
}

// awaitVersion waits until a member has learnt the cluster's version, which its storage follows.
func (c *labCluster) awaitVersion(member string) {
	c.lab.t.Helper()
	want := version.Cluster(version.Version) + ".0"
	c.eventually(10*time.Second, "cluster version "+want, func() bool {
		resp, err := c.direct(member).Client.Status(c.lab.ctx, "")
		return err == nil && resp.StorageVersion == want
	})
}

// eventually waits in virtual time until a condition holds.
func (c *labCluster) eventually(within time.Duration, what string, holds func() bool) {
	c.lab.t.Helper()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(within); !holds(); {
		require.True(c.lab.t, time.Now().Before(deadline), "%s: no %s within %v", c.name, what, within)
		<-ticker.C
	}
}

// put writes a key until it succeeds.
func (c *labCluster) put(cli *clientv3.Client, key, value string) {
	c.lab.t.Helper()
	c.eventually(time.Minute, "put of "+key, func() bool {
		ctx, cancel := context.WithTimeout(c.lab.ctx, 2*time.Second)
		defer cancel()
		_, err := cli.Put(ctx, key, value)
		return err == nil
	})
}

// pass lets virtual time pass.
func pass(d time.Duration) { <-time.After(d) }

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}
