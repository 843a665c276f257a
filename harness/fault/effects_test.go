package fault_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// effect is what one fault does to a real etcd, as a client of the test's own and the members see it.
type effect struct {
	name  string
	story func(*bench)
}

// effects are those of all faults that can be injected into any cluster.
func effects() []effect {
	return slices.Concat(diskEffects(), peerEffects(), clientEffects(), watchEffects(), callEffects(), memberEffects(), clusterEffects())
}

// suited is an effect and the cluster that it is shown on.
type suited struct {
	effect
	cluster harness.Spec
}

// all are the effects of all faults.
func all() []suited {
	var list []suited
	add := func(cluster harness.Spec, effects []effect) {
		for _, e := range effects {
			list = append(list, suited{e, cluster})
		}
	}
	add(harness.Spec{Name: "alpha", Members: 3}, effects())
	add(harness.Spec{Name: "alpha", Members: 3, TLS: true}, certificateEffects())
	add(harness.Spec{Name: "alpha", Members: 3, Auth: true}, authEffects())
	return list
}

func TestFaultsHaveTheirEffectsInVirtualTime(t *testing.T) {
	for _, e := range all() {
		t.Run(e.name, func(t *testing.T) { on(t, virtual.New(t, 1), e) })
	}
}

func TestFaultsHaveTheirEffectsByTheWallClock(t *testing.T) {
	if testing.Short() {
		t.Skip("-short runs only what is in virtual time")
	}
	for _, e := range all() {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			on(t, embedded.Engine{}, e)
		})
	}
}

// bench is a world with one cluster of three members, in which a test injects faults and checks their effects.
type bench struct {
	*harness.World
	t      *attempt
	alpha  *harness.Cluster
	target harness.Target // what a client of the cluster needs
	// closing is what the test has opened, closed when its story is over. It cannot be a cleanup of the test's: virtual time has ended by then.
	closing []func()
}

// on shows an effect on an engine, again if the machine stalled meanwhile.
func on(t *testing.T, e harness.Engine, shown suited) {
	t.Helper()
	var told *attempt
	r := harness.Repeat(t, func() *harness.Result {
		told = &attempt{}
		r := told.show(t, e, shown)
		if told.whole && r.Stalled != nil {
			r.Outcome = record.NotAsked // the story is all that we ask for, and it was told in spite of the stall
		}
		return r
	})
	for _, what := range told.failed {
		t.Error(what)
	}
	require.NotEqual(t, record.NotJudged, r.Outcome, r.Cause)
	require.True(t, told.whole, r.String())
}

// attempt is one telling of an effect's story. Its requirements fail the attempt and not the test, since the machine may have spoilt it.
type attempt struct {
	failed []string
	whole  bool // the story was told to its end
}

// unmet is the panic value of a requirement that failed. The run recovers it, and is not judged.
type unmet struct{}

func (unmet) String() string { return "a requirement of the story is not met" }

func (a *attempt) Errorf(format string, args ...any) {
	a.failed = append(a.failed, fmt.Sprintf(format, args...))
}
func (a *attempt) FailNow() { panic(unmet{}) }
func (a *attempt) Helper()  {}

// show makes a run in which the story is told. The manager is there because a run needs one; it is not judged.
func (a *attempt) show(t *testing.T, e harness.Engine, shown suited) *harness.Result {
	b := &bench{t: a}
	candidate := scenarios.Reference()
	candidate.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := scenarios.Reference().New(s)
		return bystander{m, b}, err
	}
	dir := t.TempDir()
	if e.Dir() != "" {
		dir = ""
	}
	return harness.Execute(t.Context(), e, harness.Scenario{
		Name: "an-effect", Clusters: []harness.Spec{shown.cluster},
		Body: func(w *harness.World) {
			b.World, b.alpha = w, w.Cluster("alpha")
			defer b.close()
			w.StartManager()
			shown.story(b)
			a.whole = true
		},
	}, candidate, harness.Options{Seed: 1, Dir: dir})
}

// bystander is a manager that only passes its targets to the bench.
type bystander struct {
	harness.Manager
	bench *bench
}

func (m bystander) Apply(ctx context.Context, targets []harness.Target) error {
	if len(targets) > 0 {
		m.bench.target = targets[0]
	}
	return m.Manager.Apply(ctx, targets)
}

func (b *bench) close() {
	for _, c := range slices.Backward(b.closing) {
		c()
	}
}

// hurt injects a fault, checks how it prints, and returns it for healing.
func (b *bench) hurt(f harness.Fault, text string) *harness.Injection {
	b.t.Helper()
	require.Equal(b.t, text, f.String())
	return b.Inject(f)
}

// quiet stops everything that writes: the load and the manager.
func (b *bench) quiet() {
	b.t.Helper()
	b.Manage()
	b.alpha.Rest()
}

// limit is how long the test waits for something that takes no time when nothing is wrong.
func (b *bench) limit() time.Duration { return b.Timing().Election + b.Timing().Slack }

// rounds is how many rounds an election may take. A round elects nobody if candidates split the votes, which is not rarer than every other time where all
// members that are left must agree. So many in a row happen once in a million elections.
const rounds = 20

// patience is how long a story waits for what must happen. It is no bound, which oracles judge: raft promises a leader only in the end.
func (b *bench) patience() time.Duration { return b.Bounds().Failover() + rounds*2*b.Timing().Election }

// await fails the attempt unless the condition holds in the end.
func (b *bench) await(holds func() bool, otherwise string) {
	b.t.Helper()
	deadline := time.Now().Add(b.patience())
	for !holds() {
		if time.Now().After(deadline) {
			require.FailNow(b.t, otherwise)
		}
		b.Pass(b.Timing().Observe)
	}
}

// client is a client of one member.
func (b *bench) client(m *harness.Member) *clientv3.Client { return b.clientOf([]string{m.Endpoint()}) }

// clientOf is a client of the given endpoints.
func (b *bench) clientOf(endpoints []string) *clientv3.Client {
	config := b.target.Config()
	config.Endpoints = endpoints
	c, err := clientv3.New(config)
	require.NoError(b.t, err)
	b.closing = append(b.closing, func() { _ = c.Close() })
	return c
}

// put writes through a member and says how long it took.
func (b *bench) put(c *clientv3.Client) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), b.limit())
	defer cancel()
	began := time.Now()
	_, err := c.Put(ctx, "/test", "v")
	return time.Since(began), err
}

// read reads from a member's own copy and says how long it took.
func (b *bench) read(c *clientv3.Client) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), b.limit())
	defer cancel()
	began := time.Now()
	_, err := c.Get(ctx, "/test", clientv3.WithSerializable())
	return time.Since(began), err
}

// watch is a watch of the test's own.
type watch struct {
	bench    *bench
	client   *clientv3.Client
	ctx      context.Context
	channel  clientv3.WatchChan
	revision int64 // of the last event
}

// observed is a watch of the test's own on a member.
func (b *bench) observed(m *harness.Member) *watch {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{bench: b, client: b.client(m), ctx: ctx}
	b.closing = append(b.closing, cancel)
	w.channel = w.client.Watch(ctx, "/test", clientv3.WithCreatedNotify())
	r, err := w.next()
	require.NoError(b.t, err)
	require.True(b.t, r.Created)
	return w
}

var errNothing = errors.New("the watch gives nothing")

// next is the watch's next response, or errNothing.
func (w *watch) next() (clientv3.WatchResponse, error) {
	timer := time.NewTimer(w.bench.limit())
	defer timer.Stop()
	select {
	case r := <-w.channel:
		return r, r.Err()
	case <-timer.C:
		return clientv3.WatchResponse{}, errNothing
	}
}

// event requires one event, later than the last.
func (w *watch) event() {
	t := w.bench.t
	t.Helper()
	r, err := w.next()
	require.NoError(t, err)
	require.Len(t, r.Events, 1)
	require.Greater(t, r.Events[0].Kv.ModRevision, w.revision)
	w.revision = r.Events[0].Kv.ModRevision
}

// nothing requires that nothing comes.
func (w *watch) nothing(otherwise string) {
	w.bench.t.Helper()
	_, err := w.next()
	require.ErrorIs(w.bench.t, err, errNothing, otherwise)
}

// progress requires that a request for progress is answered.
func (w *watch) progress() {
	t := w.bench.t
	t.Helper()
	require.NoError(t, w.client.RequestProgress(w.ctx))
	r, err := w.next()
	require.NoError(t, err)
	require.True(t, r.IsProgressNotify())
}

// replaced waits for a leader other than old that the others follow.
func (b *bench) replaced(old *harness.Member) {
	b.t.Helper()
	b.await(func() bool {
		for _, m := range b.alpha.Members() {
			s := m.Status()
			if m != old && s.Up && (s.Leader == 0 || s.Leader == old.Status().ID) {
				return false
			}
		}
		return true
	}, "no other leader")
}

// agree waits until all members follow one leader.
func (b *bench) agree() {
	b.t.Helper()
	b.await(func() bool {
		leader := b.alpha.Members()[0].Status().Leader
		return leader != 0 && !slices.ContainsFunc(b.alpha.Members(), func(m *harness.Member) bool { return m.Status().Leader != leader })
	}, "the members do not agree on a leader")
}

// works waits until a client can write.
func (b *bench) works(c *clientv3.Client) {
	b.t.Helper()
	b.await(func() bool { _, err := b.put(c); return err == nil }, "the client is still stuck")
}

// quick waits until a client's writes take less than a limit.
func (b *bench) quick(c *clientv3.Client, limit time.Duration) {
	b.t.Helper()
	b.await(func() bool {
		took, err := b.put(c)
		return err == nil && took < limit
	}, "writes are slow after the heal")
}
