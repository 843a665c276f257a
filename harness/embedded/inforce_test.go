package embedded_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/version"

	"github.com/stormwatch/stormwatch/harness/point"
)

// writes puts keys one after the other until the returned function is called, so that there is always a save or an apply under way.
func (s *started) writes(member string) (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	direct, ended := s.direct(member), make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			_, _ = direct.Put(ctx, "busy", "v") // fails when it is interrupted
		}
	}()
	return func() { cancel(); <-ended }
}

// awaitVersion waits until a member has learnt the cluster's version. If the entry that sets the version waited for the applier, it would
// hold a lock that every call takes.
func (s *started) awaitVersion(member string) {
	s.t.Helper()
	want := version.Cluster(version.Version) + ".0"
	// etcd checks the version every four seconds.
	require.Eventually(s.t, func() bool {
		resp, err := s.direct(member).Client.Status(s.t.Context(), "")
		return err == nil && resp.StorageVersion == want
	}, time.Minute, s.timing.Observe, "no cluster version")
}

// noneGetsThrough begins some writes without waiting for one another and requires that none succeeds.
func (s *started) noneGetsThrough(member string) {
	s.t.Helper()
	direct, ctx := s.direct(member), s.ctx(s.timing.Heartbeat)
	var through atomic.Int32
	var writing sync.WaitGroup
	for range 20 {
		writing.Go(func() {
			if _, err := direct.Put(ctx, "k", "v"); err == nil {
				through.Add(1)
			}
		})
	}
	writing.Wait()
	require.Zero(s.t, through.Load(), "writes were carried out under a hang")
}

func TestNothingGetsThroughOnceAHangIsInForce(t *testing.T) {
	for _, n := range []point.Name{point.WALSave, point.Apply} {
		t.Run(string(n), func(t *testing.T) {
			s := start(t, 1)
			defer s.close()
			s.awaitVersion("m1")
			stop := s.writes("m1")
			for range 20 {
				hang := s.throw("m1", n, point.Decision{Kind: point.Hang})
				require.NoError(t, s.InForce(t.Context(), "m1", n))
				s.noneGetsThrough("m1")
				// After the point was healed and switched on again at once, the fault must be in force once InForce returns.
				hang.Heal()
				again := s.throw("m1", n, point.Decision{Kind: point.Hang})
				require.NoError(t, s.InForce(t.Context(), "m1", n))
				s.noneGetsThrough("m1")
				again.Heal()
			}
			stop()
			_, err := s.direct("m1").Put(s.ctx(s.timing.LeaseTTL), "k", "v")
			require.NoError(t, err, "healed, it goes on")
		})
	}
}

func TestInForceIsRefusedByAMemberThatIsDown(t *testing.T) {
	s := start(t, 1)
	defer s.close()
	require.NoError(t, s.InForce(t.Context(), "m1", point.ClientRead), "a link asks its point each time")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.InForce(ended, "m1", point.WALSave), context.Canceled, "nobody threw it")
	require.NoError(t, s.Kill(t.Context(), "m1"))
	require.ErrorContains(t, s.InForce(t.Context(), "m1", point.WALSave), "wal-save has not taken hold: it is down")
	require.ErrorContains(t, s.InForce(t.Context(), "m9", point.WALSave), `no member "m9"`)
}
