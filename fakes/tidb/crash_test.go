package tidb_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/fakes/flawed"
	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// A manager that takes a server for alive because of its info must be wrong once in each run.
func TestAServerThatCrashesLeavesItsInfo(t *testing.T) {
	const server = tidb.TopologyPrefix + "10.0.0.3:4000/"
	alone, both := 0, 0
	s := harness.Scenario{Name: "crash", Clusters: []harness.Spec{{Name: "alpha", Members: 1}}, Body: func(w *harness.World) {
		w.StartManager()
		for range 30 {
			w.Pass(time.Second)
			member, err := w.Cluster("alpha").Leader().Direct()
			require.NoError(t, err)
			resp, err := member.Get(member.Ctx(), server, clientv3.WithPrefix(), clientv3.WithKeysOnly())
			require.NoError(t, err)
			switch len(resp.Kvs) {
			case 1:
				require.Equal(t, server+"info", string(resp.Kvs[0].Key))
				alone++
			case 2:
				both++
			}
		}
	}}
	r := harness.Run(t, virtual.New(t, 1), s, flawed.All()[0], harness.Options{Seed: 1, Workload: "tidb"})
	require.Equal(t, record.Passed, r.Outcome)
	require.GreaterOrEqual(t, alone, 10)
	require.GreaterOrEqual(t, both, 10)
}
