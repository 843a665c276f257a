package harness_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	clientv3 "go.etcd.io/etcd/client/v3"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// lab is a cluster of three members, and what a test has observed of it.
type lab struct {
	t       *testing.T
	ctx     context.Context
	timing  bound.Timing
	board   *point.Board
	members harness.Members
	names   []string
	said    []string
	// earlier is a watch that was opened before the fault. progress requests progress on it.
	earlier  clientv3.WatchChan
	progress func() error
	closing  []func()
}

// observe makes an observation on an engine and returns the lines that it noted.
func observe(t *testing.T, e harness.Engine, look func(*lab)) []string {
	t.Helper()
	l := &lab{t: t, timing: e.Timing()}
	require.NoError(t, e.Run(func() {
		var cancel context.CancelFunc
		l.ctx, cancel = context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		l.board = point.NewBoard(l.timing.Heartbeat, nil)
		spec := harness.Spec{Name: "alpha", Members: 3}
		own := t.TempDir()
		var err error
		l.members, err = e.Start(l.ctx, spec, harness.Env{
			Timing: l.timing, Board: l.board, Recorder: record.NewRecorder(l.timing), Dir: own, Log: zap.NewNop(),
		})
		require.NoError(t, err)
		l.names = []string{"m1", "m2", "m3"}
		defer func() {
			for _, c := range l.closing {
				c()
			}
			l.board.Close()
			require.NoError(t, l.members.Close())
		}()
		look(l)
	}))
	return l.said
}

func (l *lab) say(format string, args ...any) { l.said = append(l.said, fmt.Sprintf(format, args...)) }

func (l *lab) throw(member string, n point.Name, k point.Kind) {
	_, err := l.board.Throw(l.board.Path("alpha", member, n), point.Decision{Kind: k}.Terms())
	require.NoError(l.t, err)
}

func (l *lab) isolate(member string) {
	for _, m := range l.others(member) {
		l.throw(member, point.PeerSend(m), point.Drop)
		l.throw(m, point.PeerSend(member), point.Drop)
	}
}

func (l *lab) others(but string) []string {
	var names []string
	for _, m := range l.names {
		if m != but {
			names = append(names, m)
		}
	}
	return names
}

// pass blocks for d.
func (l *lab) pass(d time.Duration) { <-time.After(d) }

func (l *lab) await(what string, holds func() bool) time.Duration {
	l.t.Helper()
	began := time.Now()
	for !holds() {
		require.Less(l.t, time.Since(began), 10*l.timing.Election+l.timing.Slack, what)
		l.pass(l.timing.Heartbeat / 10)
	}
	return time.Since(began)
}

// leader waits until all running members, except but, follow the same leader, and returns it.
func (l *lab) leader(but ...string) (leader string) {
	l.t.Helper()
	l.await("a leader", func() bool {
		leader = ""
		agreed := map[uint64]bool{}
		for _, m := range l.names {
			s := l.members.Status(m)
			if !s.Up || len(but) > 0 && m == but[0] {
				continue
			}
			agreed[s.Leader] = true
			if s.Leads() {
				leader = m
			}
		}
		return leader != "" && len(agreed) == 1
	})
	return leader
}

// newLeader waits until the other members have elected a leader to replace old, and notes whether the election took as long as it should.
func (l *lab) newLeader(old string) string {
	l.t.Helper()
	began := time.Now()
	leader := l.leader(old)
	took := time.Since(began)
	// A follower's election timeout counts from the last heartbeat, which may have been one heartbeat interval ago.
	early := l.timing.Election - 2*l.timing.Heartbeat
	late := bound.Bounds{Timing: l.timing}.Election()
	l.say("a new leader within the bounds: %v", took >= early && took <= late || !l.members.Status(old).Up && took <= late)
	return leader
}

func (l *lab) client(member string) *clientv3.Client {
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{l.members.Endpoint(member)}, DialOptions: l.members.DialOptions(1), Logger: zap.NewNop()})
	require.NoError(l.t, err)
	l.closing = append(l.closing, func() { _ = c.Close() })
	return c
}

// put writes through a member until it succeeds.
func (l *lab) put(member, key, value string) {
	l.t.Helper()
	c := l.client(member)
	l.await("a write", func() bool {
		ctx, cancel := context.WithTimeout(l.ctx, l.timing.Election)
		defer cancel()
		_, err := c.Put(ctx, key, value)
		return err == nil
	})
}

// read returns the value, or the kind of error, of a linearizable read through a member.
func (l *lab) read(member, key string) string {
	ctx, cancel := context.WithTimeout(l.ctx, 4*l.timing.Election)
	defer cancel()
	resp, err := l.client(member).Get(ctx, key)
	switch {
	case err != nil:
		return kind(err)
	case len(resp.Kvs) == 0:
		return "nothing"
	}
	return string(resp.Kvs[0].Value)
}

// kind returns the text of an error, or "timeout" for every error that means one.
func kind(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded ||
		errors.Is(err, rpctypes.ErrTimeout) || errors.Is(err, rpctypes.ErrTimeoutDueToConnectionLost) || errors.Is(err, rpctypes.ErrTimeoutDueToLeaderFail):
		// The server knows the client's deadline. In real time either of them may report it first, in different words.
		return "timeout"
	default:
		return err.Error()
	}
}

// watchOn opens a watch on a member before anything happens to it.
func (l *lab) watchOn(m string) {
	l.t.Helper()
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(l.ctx))
	l.closing = append(l.closing, cancel)
	c := l.client(m)
	l.earlier = c.Watch(ctx, "/conformance", clientv3.WithCreatedNotify())
	require.Equal(l.t, "created", l.next(l.earlier, l.timing.Election))
	l.progress = func() error { return c.RequestProgress(ctx) }
}

// ask writes through another member, then makes every kind of request to this one, and notes the responses.
func (l *lab) ask(m string) {
	l.t.Helper()
	limit := 2 * l.timing.Election
	within := func() context.Context {
		ctx, cancel := context.WithTimeout(l.ctx, limit)
		l.closing = append(l.closing, cancel)
		return ctx
	}
	c := l.client(m)
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(l.ctx))
	defer cancel()
	// Watch blocks until there is a connection, so it is called in a goroutine.
	opened := make(chan clientv3.WatchChan, 1)
	go func() { opened <- c.Watch(ctx, "/conformance", clientv3.WithCreatedNotify()) }()
	created := "unanswered"
	var watch clientv3.WatchChan
	select {
	case watch = <-opened:
		created = l.next(watch, limit)
	case <-time.After(limit):
		cancel()
		<-opened
	}
	l.say("creating a watch: %s", created)
	value := fmt.Sprintf("asked after %d", len(l.said))
	l.put(l.others(m)[0], "/conformance", value)
	if l.earlier != nil {
		given := l.next(l.earlier, limit)
		l.say("the watch from before gives: %s", given)
		err := l.progress()
		if reason, ended := strings.CutPrefix(given, "error: "); ended && err != nil {
			// After a stream has ended, clientv3 may return the stream's error here, or open a new stream and return none. That depends on timing in
			// the client and not on the member, so the two count as the same.
			require.Equal(l.t, reason, rpctypes.Error(err).Error())
			err = nil
		}
		l.say("asked for progress (%v): %s", err, l.next(l.earlier, limit))
	}
	if created == "created" {
		l.say("the watch gives: %s", l.next(watch, limit))
		err := c.RequestProgress(ctx)
		l.say("asked for progress (%v): %s", err, l.next(watch, limit))
	}
	serializable, err := c.Get(within(), "/conformance", clientv3.WithSerializable())
	switch {
	case err != nil:
		l.say("serializable read: %s", kind(err))
	default:
		l.say("serializable read: up to date %v", len(serializable.Kvs) > 0 && string(serializable.Kvs[0].Value) == value)
	}
	linearizable, err := c.Get(within(), "/conformance")
	switch {
	case err != nil:
		l.say("linearizable read: %s", kind(err))
	default:
		l.say("linearizable read: up to date %v", string(linearizable.Kvs[0].Value) == value)
	}
	_, err = c.Put(within(), "/other", "v")
	if err != nil {
		l.say("write: %s", kind(err))
	} else {
		l.say("write: done")
	}
	st, err := c.Status(within(), l.members.Endpoint(m))
	if err != nil {
		l.say("status: %s", kind(err))
	} else {
		l.say("status: leads itself %v, has a leader %v, version %s, errors %v", st.Leader == st.Header.MemberId, st.Leader != 0, st.Version, st.Errors)
	}
	conn, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(l.members.Endpoint(m), "http://"),
		append([]grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}, l.members.DialOptions(1)...)...)
	require.NoError(l.t, err)
	health, err := healthpb.NewHealthClient(conn).Check(within(), &healthpb.HealthCheckRequest{})
	if err != nil {
		l.say("health: %s", kind(err))
	} else {
		l.say("health: %s", health.Status)
	}
	require.NoError(l.t, conn.Close())
}

// next describes the next response of a watch, or returns "nothing" if there is none within the limit.
func (l *lab) next(watch clientv3.WatchChan, limit time.Duration) string {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r, ok := <-watch:
		switch {
		case !ok:
			return "closed"
		case r.Err() != nil:
			return "error: " + r.Err().Error()
		case r.Created:
			return "created"
		case r.IsProgressNotify():
			return "progress"
		}
		return fmt.Sprintf("%d event", len(r.Events))
	case <-timer.C:
		return "nothing"
	}
}

// healed waits until a member has the data of the others again, and notes that.
func (l *lab) healed(m string) {
	l.t.Helper()
	l.leader()
	value := fmt.Sprintf("after %d", len(l.said))
	l.put(l.leader(), "/conformance", value)
	l.await("a healed member", func() bool { return l.read(m, "/conformance") == value })
	l.say("healed")
}
