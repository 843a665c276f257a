package harness_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// owning is a manager that claims a key of its own in one cluster.
type owning struct {
	harness.Manager
	cluster, key string
}

func (o owning) OwnKeys(cluster string) []string {
	if cluster != o.cluster {
		return nil
	}
	return []string{o.key}
}

// Keys are checked again at the begin of each tenure. A key that exists then, and is missing for a short time much later, has not been missing since
// the begin of the tenure.
func TestOwnKeysAreLookedAtAnewInEachTenure(t *testing.T) {
	const key = "/own"
	c := altered(func(m harness.Manager) harness.Manager { return owning{m, "beta", key} })
	r := execute(t, two, c, func(w *harness.World) {
		alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
		change := func(change func(context.Context, harness.Direct) error) {
			direct, err := beta.Leader().Direct()
			if err == nil {
				err = change(context.Background(), direct)
			}
			if err != nil {
				w.Abort(err)
			}
		}
		put := func(ctx context.Context, d harness.Direct) error { _, err := d.Put(ctx, key, "v"); return err }
		remove := func(ctx context.Context, d harness.Direct) error { _, err := d.Delete(ctx, key); return err }

		change(put)
		w.StartManager()
		w.Pass(2 * w.Timing().Election) // keys are checked once every election timeout
		w.Manage(alpha)
		w.Manage(alpha, beta)
		w.Pass(time.Minute)
		change(remove)
		w.Pass(w.Bounds().Attach())
		change(put)
	})
	require.Len(t, r.Record.Tenures, 3)
	for _, k := range r.Record.Keys {
		require.Equal(t, map[string]int{"beta": 1}[k.Cluster], k.Own, "how many keys the manager keeps in %s", k.Cluster)
	}
	for _, v := range r.Verdicts {
		if v.Oracle == "own keys" {
			require.Equal(t, record.Passed, v.Outcome, v.Evidence)
		}
	}
}
