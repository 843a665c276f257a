package guard_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

const (
	servicePrefix    = "/services/"
	checkpointPrefix = "/checkpoints/"
	checkpointKey    = checkpointPrefix + "backup"
)

// watched is a client with two watches, as of a service that watches two prefixes.
type watched struct {
	*guard.Client
	stats                *guard.Stats
	services, checkpoint *guard.Watch

	// From last on, mu guards the fields.
	mu   sync.Mutex
	last error
	all  []error // every error that a watch has reported
}

// look is what both watches know together.
type look struct {
	Healthy     bool
	Endpoint    string
	Revision    int64
	Services    map[string]guard.Value
	Checkpoints map[string]uint64
	// Err is the last error of either.
	Err error
}

// start watches the cluster until the test ends.
func start(t *testing.T, cfg guard.Config) *watched {
	t.Helper()
	w := &watched{stats: &guard.Stats{}, last: guard.ErrPending}
	cfg.Cluster, cfg.Stats = "alpha", w.stats
	var err error
	w.Client, err = guard.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	w.services, w.checkpoint = w.Watch(servicePrefix, w.note(nil)), w.Watch(checkpointPrefix, w.note(nil))
	return w
}

// note keeps the last error of a watch.
func (w *watched) note(before error) func(guard.Snapshot) {
	return func(s guard.Snapshot) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if s.Err != nil && s.Err != before {
			w.last = s.Err
			w.all = append(w.all, s.Err)
		}
		before = s.Err
	}
}

// met returns the first error of a type that a watch has reported and for which is holds; ok is false if there is none. It need not be the last error: the
// next member may have had no leader yet, for example.
func met[E error](w *watched, is func(E) bool) (found E, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, err := range w.all {
		if errors.As(err, &found) && is(found) {
			return found, true
		}
	}
	return found, false
}

// stale returns the error in which a watch on the given endpoint was found stale, nil if there is none.
func (w *watched) stale(endpoint string) *guard.StaleError {
	if err, ok := met(w, func(e *guard.StaleError) bool { return e.Endpoint == endpoint }); ok {
		return err
	}
	return nil
}

func (w *watched) view() look {
	s, c := w.services.Snapshot(), w.checkpoint.Snapshot()
	l := look{
		Healthy: s.Healthy && c.Healthy, Endpoint: s.Endpoint, Revision: min(s.Revision, c.Revision),
		Services: s.Values, Checkpoints: make(map[string]uint64),
	}
	for key, value := range c.Values {
		l.Checkpoints[key[len(checkpointPrefix):]] = binary.BigEndian.Uint64([]byte(value.Value))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	l.Err = w.last
	if l.Healthy && l.Err == guard.ErrPending {
		l.Err = nil
	}
	return l
}

func (w *watched) reattaches(reason string) uint64 { return w.stats.Counts().Reattaches[reason] }

func (w *watched) probes(outcome string) uint64 { return w.stats.Counts().Probes[outcome] }

// onFake is a config of a fake.
func onFake(c *etcdtest.Fake, o guard.Options) guard.Config {
	return guard.Config{Endpoints: c.Endpoints(), DialOptions: c.DialOptions(), Options: o}
}

// on is a config of a real cluster.
func on(c *etcdtest.Cluster, o guard.Options) guard.Config {
	return guard.Config{Endpoints: c.Hosts(), DialOptions: c.DialOptions(), Options: o}
}

// brisk has short timeouts, for real clusters with an election timeout of 500 ms.
func brisk() guard.Options {
	return guard.Options{
		ProgressInterval: 300 * time.Millisecond,
		IdleTimeout:      5 * time.Second,
		ProbeInterval:    200 * time.Millisecond,
		ProbeGrace:       400 * time.Millisecond,
		RequestTimeout:   time.Second,
		BackoffCap:       300 * time.Millisecond,
		SyncInterval:     500 * time.Millisecond,
	}
}

// brPreset has the timing of TiDB BR's checkpoint advancer.
func brPreset() guard.Options {
	return guard.Options{
		ProgressInterval: 30 * time.Second, IdleTimeout: 90 * time.Second,
		RequestTimeout: 5 * time.Second, CreateTimeout: 5 * time.Second, Escalation: 3,
	}
}

// neverIdle is brisk with an idle timeout that does not fire when the machine stalls: nothing but the fault under test makes a watch leave.
func neverIdle() guard.Options {
	o := brisk()
	o.IdleTimeout = etcdtest.Patience
	return o
}

func awaitHealthy(t *testing.T, w *watched) {
	t.Helper()
	etcdtest.Eventually(t, "a healthy watch", func() bool { return w.view().Healthy })
}

func awaitCheckpoint(t *testing.T, w *watched, want uint64) {
	t.Helper()
	etcdtest.Eventually(t, fmt.Sprintf("checkpoint %d", want), func() bool { return w.view().Checkpoints["backup"] == want })
}

func encode(checkpoint uint64) string {
	return string(binary.BigEndian.AppendUint64(nil, checkpoint))
}
