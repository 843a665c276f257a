package harness_test

import (
	"context"
	"crypto/tls"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// secured is a cluster with certificates and users.
var secured = []harness.Spec{{Name: "alpha", Members: 3, TLS: true, Auth: true}}

func TestAMirrorLogsInAndBeginsAgainWithOtherCertificates(t *testing.T) {
	for name, engine := range map[string]func(*testing.T) harness.Engine{
		"virtual":  func(t *testing.T) harness.Engine { return virtual.New(t, 1) },
		"embedded": func(*testing.T) harness.Engine { return embedded.Engine{} },
	} {
		t.Run(name, func(t *testing.T) {
			var begun atomic.Int64
			c := counters.Watching()
			c.New = harness.Mirror{Follow: func(ctx context.Context, client *clientv3.Client, publish func(harness.View)) error {
				begun.Add(1)
				return counters.Watch(ctx, client, publish)
			}}.New
			rotated := harness.Scenario{Name: "a-test", Clusters: secured, Body: func(w *harness.World) {
				alpha := w.Cluster("alpha")
				w.StartManager()
				w.Manage(alpha)
				require.EqualValues(t, 1, begun.Load(), "the target has not changed")
				w.Inject(fault.RotateCertificates(alpha))
				w.Manage(alpha)
				w.RequireFresh(alpha)
				require.EqualValues(t, 2, begun.Load())
			}}
			r := harness.Repeat(t, func() *harness.Result {
				begun.Store(0)
				return harness.Execute(t.Context(), engine(t), rotated, c, harness.Options{Seed: 1})
			})
			require.Equal(t, record.Passed, r.Outcome, r.String())
		})
	}
}

func TestARotationLastsUntilTheManagerIsToldOfIt(t *testing.T) {
	r := harness.Execute(t.Context(), virtual.New(t, 1), harness.Scenario{Name: "a-test", Clusters: secured, Body: func(w *harness.World) {
		alpha := w.Cluster("alpha")
		w.StartManager()
		w.Inject(fault.RotateCertificates(alpha))
		w.Pass(w.Timing().Election)
		require.True(t, alpha.Outdated())
		require.True(t, w.Lost(alpha, record.LostReach))
		w.Manage(alpha)
		require.False(t, alpha.Outdated())
		w.Pass(2 * w.Timing().Observe)
		require.False(t, w.Lost(alpha, record.LostReach))
	}}, counters.Watching(), harness.Options{Seed: 1})
	require.Equal(t, record.Passed, r.Outcome, r.String())
}

func TestATargetIsEqualToOneWithTheSameMembersAndCredentials(t *testing.T) {
	certificates := &tls.Config{MinVersion: tls.VersionTLS12}
	target := harness.Target{Cluster: "alpha", Endpoints: []string{"a", "b"}, TLS: certificates, Username: "u", Password: "p"}
	require.True(t, target.Equal(target))
	for name, change := range map[string]func(*harness.Target){
		"cluster":      func(o *harness.Target) { o.Cluster = "beta" },
		"endpoints":    func(o *harness.Target) { o.Endpoints = []string{"a"} },
		"certificates": func(o *harness.Target) { o.TLS = certificates.Clone() },
		"user":         func(o *harness.Target) { o.Username = "v" },
		"password":     func(o *harness.Target) { o.Password = "q" },
	} {
		other := target
		change(&other)
		require.False(t, target.Equal(other), name)
	}
	reordered := target
	reordered.Endpoints = []string{"b", "a"}
	require.True(t, target.Equal(reordered), "the order of the endpoints does not matter")
	config := target.Config()
	require.Same(t, certificates, config.TLS)
	require.Equal(t, "u", config.Username)
	require.Equal(t, "p", config.Password)
}
