package harness_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// mortal is an engine whose members can be said to have died.
type mortal struct {
	harness.Engine
	// stillborn is why m1 dies while its cluster starts, so that the start never ends by itself; nil if it does not.
	stillborn error
	// died is what the engine was given to say so with.
	died func(member string, cause error)
}

func (m *mortal) Start(ctx context.Context, spec harness.Spec, env harness.Env) (harness.Members, error) {
	m.died = env.Died
	if m.stillborn == nil {
		return m.Engine.Start(ctx, spec, env)
	}
	m.died("m1", m.stillborn)
	<-ctx.Done()
	return nil, ctx.Err()
}

// What was tested cannot be blamed for an etcd member that ends by itself: it may have died of a full disk.
func TestARunWhoseMemberDiesIsNotJudged(t *testing.T) {
	e := &mortal{Engine: virtual.New(t, 1)}
	var after atomic.Bool
	s := harness.Scenario{Name: "a-test", Clusters: three, Body: func(w *harness.World) {
		w.StartManager()
		e.died("m2", errors.New("no space left on device"))
		e.died("m3", errors.New("the same"))
		w.Pass(time.Hour)
		after.Store(true)
	}}
	r := harness.Execute(t.Context(), e, s, plain(), harness.Options{})
	require.Equal(t, "member alpha/m2 died: no space left on device", notJudged(t, r), "the first cause counts")
	require.False(t, r.Usage)
	require.False(t, after.Load(), "the story went on")
	require.Less(t, r.Virtual, time.Minute)
}

// A start is not waited for that cannot succeed any more.
func TestAMemberThatDiesEndsTheStart(t *testing.T) {
	e := &mortal{Engine: virtual.New(t, 1), stillborn: errors.New("no space left on device")}
	r := harness.Execute(t.Context(), e, harness.Scenario{Name: "a-test", Clusters: three, Body: startManager}, plain(), harness.Options{})
	require.Equal(t, "member alpha/m1 died: no space left on device", notJudged(t, r))
	require.Less(t, r.Virtual, time.Second)
}
