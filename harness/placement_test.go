package harness_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/record"
)

// StartManager closes the other members' links so that the manager attaches as placed, and opens them again before it returns.
func TestPlacementOpensTheOtherLinksAgain(t *testing.T) {
	var given harness.Target
	c := altered(func(m harness.Manager) harness.Manager {
		return applying{m, func(ctx context.Context, targets []harness.Target) error {
			if len(targets) > 0 {
				given = targets[0]
			}
			return m.Apply(ctx, targets)
		}}
	})
	r := execute(t, three, c, func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager(harness.WatchOn(alpha.Member("m2")))
		for _, m := range alpha.Members() {
			config := given.Config()
			config.Endpoints = []string{m.Endpoint()}
			client, err := clientv3.New(config)
			if err != nil {
				w.Abort(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), w.Timing().RequestTimeout)
			_, err = client.Get(ctx, counters.Prefix)
			cancel()
			if err := errors.Join(err, client.Close()); err != nil {
				w.Abort(fmt.Errorf("through %s: %w", m, err))
			}
		}
	})
	require.Equal(t, record.Passed, r.Outcome, r.String())
}
