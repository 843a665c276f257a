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

// dyingEngine is an engine that reports the death of members when a test asks for it.
type dyingEngine struct {
	harness.Engine
	// startCause is why m1 dies while its cluster starts; then Start blocks until its context ends. Nil: the cluster starts.
	startCause error
	// died is Env.Died, with which a test reports a death.
	died func(member string, cause error)
}

func (m *dyingEngine) Start(ctx context.Context, spec harness.Spec, env harness.Env) (harness.Members, error) {
	m.died = env.Died
	if m.startCause == nil {
		return m.Engine.Start(ctx, spec, env)
	}
	m.died("m1", m.startCause)
	<-ctx.Done()
	return nil, ctx.Err()
}

// The manager is not to blame if an etcd member ends by itself, for example because the disk is full.
func TestARunWhoseMemberDiesIsNotJudged(t *testing.T) {
	e := &dyingEngine{Engine: virtual.New(t, 1)}
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
	require.False(t, after.Load(), "the scenario went on")
	require.Less(t, r.Virtual, time.Minute)
}

// When a member dies while the clusters start, the run ends at once and not after the timeout of the start.
func TestAMemberThatDiesEndsTheStart(t *testing.T) {
	e := &dyingEngine{Engine: virtual.New(t, 1), startCause: errors.New("no space left on device")}
	r := harness.Execute(t.Context(), e, harness.Scenario{Name: "a-test", Clusters: three, Body: startManager}, plain(), harness.Options{})
	require.Equal(t, "member alpha/m1 died: no space left on device", notJudged(t, r))
	require.Less(t, r.Virtual, time.Second)
}
