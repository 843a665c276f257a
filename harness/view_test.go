package harness_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// plain returns the smallest manager, which notices no fault.
func plain() harness.Candidate { return counters.Watching() }

// altered returns the plain manager as changed by alter.
func altered(alter func(harness.Manager) harness.Manager) harness.Candidate {
	c := plain()
	c.New = func(s harness.Setup) (harness.Manager, error) {
		m, err := plain().New(s)
		return alter(m), err
	}
	return c
}

var (
	one   = []harness.Spec{{Name: "alpha", Members: 1}}
	three = []harness.Spec{{Name: "alpha", Members: 3}}
)

// execute runs a scenario of this body in virtual time.
func execute(t *testing.T, clusters []harness.Spec, c harness.Candidate, body func(*harness.World)) *harness.Result {
	t.Helper()
	s := harness.Scenario{Name: "a-test", Clusters: clusters, Body: body}
	return harness.Execute(t.Context(), virtual.New(t, 1), s, c, harness.Options{Seed: 1})
}

// failure requires that exactly one verdict failed, that of the given oracle, and returns its evidence.
func failure(t *testing.T, r *harness.Result, oracle string) string {
	t.Helper()
	require.Equal(t, record.Failed, r.Outcome, r.String())
	require.Len(t, r.Failed(), 1, r.String())
	require.Equal(t, oracle, r.Failed()[0].Oracle, r.String())
	return r.Failed()[0].Evidence
}

func startManager(w *harness.World) { w.StartManager() }

func TestAPlainManagerPassesWhereNothingHappens(t *testing.T) {
	r := execute(t, three, plain(), startManager)
	require.Equal(t, record.Passed, r.Outcome, r.String())
	require.Greater(t, r.Virtual, time.Minute, "runs in virtual time are minutes long")
}

// viewing is a manager with another View.
type viewing struct {
	harness.Manager
	view func(cluster string) (harness.View, bool)
}

func (v viewing) View(cluster string) (harness.View, bool) { return v.view(cluster) }

func TestAViewThatBlocksIsNamedAndEndsNothing(t *testing.T) {
	var once sync.Once
	never := make(chan struct{})
	c := altered(func(m harness.Manager) harness.Manager {
		return viewing{m, func(cluster string) (harness.View, bool) {
			once.Do(func() { never = make(chan struct{}) })
			<-never
			return harness.View{}, false
		}}
	})
	r := execute(t, one, c, startManager)
	require.Equal(t, record.Failed, r.Outcome, r.String())
	require.Equal(t, []string{"leaks", "honesty"}, []string{r.Failed()[0].Oracle, r.Failed()[1].Oracle}, r.String())
	require.Contains(t, r.Failed()[1].Evidence, "View has not answered after 1s, allowed 5ms")
	require.Contains(t, r.Failed()[0].Evidence, "goroutine: ")
}

func TestAViewThatPanicsIsNamed(t *testing.T) {
	c := altered(func(m harness.Manager) harness.Manager {
		return viewing{m, func(string) (harness.View, bool) { panic("at the disco") }}
	})
	require.Contains(t, failure(t, execute(t, one, c, startManager), "honesty"), "View panicked: at the disco, in github.com/stormwatch/stormwatch/harness_test.TestAViewThatPanicsIsNamed")
}

// closing is a manager with another Close.
type closing struct {
	harness.Manager
	end func() error
}

func (c closing) Close() error { return c.end() }

func TestACloseThatPanicsIsNamed(t *testing.T) {
	c := altered(func(m harness.Manager) harness.Manager {
		return closing{m, func() error { _ = m.Close(); panic("at the disco") }}
	})
	require.Contains(t, failure(t, execute(t, one, c, startManager), "honesty"), "Close panicked: at the disco")
}

func TestAManagerThatIsNoneIsNamed(t *testing.T) {
	c := plain()
	c.New = func(harness.Setup) (harness.Manager, error) { return nil, nil }
	require.Contains(t, failure(t, execute(t, one, c, startManager), "start"), "New returned neither a manager nor an error")
	c.New = func(harness.Setup) (harness.Manager, error) { return nil, errors.New("no licence") }
	require.Contains(t, failure(t, execute(t, one, c, startManager), "start"), "New: no licence")
	c.New = func(harness.Setup) (harness.Manager, error) { panic("no licence") }
	require.Contains(t, failure(t, execute(t, one, c, startManager), "start"), "New panicked: no licence")
}

func TestAMirrorShowsWhatItHasWhileItsEndpointsChange(t *testing.T) {
	c := counters.Watching()
	c.New = harness.Mirror{Follow: func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
		return counters.Watch(ctx, client, publish)
	}}.New
	r := execute(t, three, c, func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager()
		w.Pass(5 * time.Second) // etcd accepts a new member only after all have been connected for as long
		w.Inject(fault.AddMember(alpha))
		w.Manage(alpha)
		w.RequireFresh(alpha)
	})
	require.Equal(t, record.Passed, r.Outcome, r.String())
	for i, v := range r.Record.Views {
		require.False(t, i > 0 && len(v.Changes) > 0 && v.Changes[0].Value == "", "the view lost %v at %v", v.Changes, v.At)
	}
}
