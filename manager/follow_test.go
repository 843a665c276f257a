package manager_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func TestAWrongUpdateChangesNothingAndTheNextOneCounts(t *testing.T) {
	m := startManager(t, brisk())
	updates, reports, ended := make(chan []manager.Target), make(chan error, 1), make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { ended <- m.Follow(ctx, updates, func(err error) { reports <- err }) }()
	target := func(name string) manager.Target {
		return manager.Target{Cluster: name, Endpoints: []string{"127.0.0.1:1"}}
	}
	updates <- []manager.Target{target("alpha")}
	updates <- []manager.Target{target("beta"), target("beta")}
	require.ErrorIs(t, <-reports, manager.ErrInvalidTarget)
	require.Equal(t, []string{"alpha"}, m.Clusters())
	updates <- []manager.Target{target("beta")}
	etcdtest.Eventually(t, "beta", func() bool { c := m.Clusters(); return len(c) == 1 && c[0] == "beta" })
	stop()
	require.ErrorIs(t, <-ended, context.Canceled)

	go func() { ended <- m.Follow(t.Context(), updates, nil) }()
	updates <- []manager.Target{{}}
	require.NoError(t, m.Close())
	require.ErrorIs(t, <-ended, manager.ErrClosed)
	closed := make(chan []manager.Target)
	close(closed)
	require.NoError(t, startManager(t, brisk()).Follow(t.Context(), closed, nil))
}
