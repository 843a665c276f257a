package harness_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// A request takes no virtual time. A manager that asks again as soon as it has the answer must not stop that time, or nobody would learn what it does.
func TestAManagerThatNeverPausesIsJudged(t *testing.T) {
	c := counters.Watching()
	c.New = harness.Mirror{Follow: func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
		asking := make(chan struct{})
		go func() {
			defer close(asking)
			for ctx.Err() == nil {
				_, _ = client.Get(ctx, "/nothing")
			}
		}()
		err := counters.Watch(ctx, client, publish)
		<-asking
		return err
	}}.New
	e := virtual.New(t, 1)
	timing := e.Timing().Brief()
	s := harness.Scenario{Name: "a-test", Clusters: one, Body: func(w *harness.World) {
		w.StartManager()
		w.Pass(time.Second)
	}}
	r := harness.Execute(t.Context(), e, s, c, harness.Options{Seed: 1, Timing: &timing})
	require.Regexp(t, `\d+ requests from \d+s to \d+s, while nothing was wrong`, failure(t, r, "gentleness"))
}
