package manager

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// Config is the configuration of a manager. Prefixes is required. Any other field that is zero means its default, which
// is the production setting.
type Config struct {
	// Prefixes are the prefixes of keys to watch in every cluster, each with its own guarded watch. None may be
	// empty or occur twice.
	Prefixes []string
	// Registration is what the manager registers in every cluster. Zero: nothing, until [Manager.SetRegistration] is
	// called.
	Registration Registration
	// OnChange is called after every change of a cluster's [Manager.View], with the whole view after that change. The calls
	// come in order, none is left out, and there is never more than one at a time. When a cluster is no longer managed,
	// OnChange is called once more, with a view whose Err is a [*ClusterGoneError]. A goroutine of its own calls it, so it may
	// block, and it may call any method of the manager except Close; Close waits until OnChange was called with the last
	// change. OnChange is not called if only Snapshot.Proven has changed. Nil: it is not called.
	OnChange func(cluster string, v View)

	// Watch is how the watches behave.
	Watch guard.Options

	// LeaseTTL is the lifetime of the registration without a refresh, in whole seconds (rounded up). Default 45 s.
	LeaseTTL time.Duration
	// RefreshInterval is how often the registration is refreshed. Default 30 s.
	RefreshInterval time.Duration
	// RegisterTimeout is the timeout of one try to write the registration, RegisterPause the pause before the next try,
	// which is through another member, and RegisterTries the number of tries. Defaults 2 s, 1 s, 3.
	RegisterTimeout, RegisterPause time.Duration
	RegisterTries                  int
	// CloseTimeout is how long the manager tries to revoke the registration's lease when a cluster is removed or the
	// manager is closed. Every member is asked within half of it, even if some do not answer. If all fail, the lease
	// expires by itself. Default 5 s.
	CloseTimeout time.Duration

	// Logger receives the manager's log and that of its etcd clients. Nil: no log.
	Logger *zap.Logger
	// Registerer receives the manager's metrics. Close unregisters them. Two managers on one registerer need different
	// labels (prometheus.WrapRegistererWith). Nil: no metrics. See [MetricNames].
	Registerer prometheus.Registerer
	// Rand is the source of jitter, in [0, 1). Nil: math/rand/v2. It is called from several goroutines.
	Rand func() float64
}

// complete returns the config with defaults for zero fields, or an error that names everything that is wrong with it.
func (c Config) complete() (Config, error) {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	var err error
	if c.Watch, err = c.Watch.Complete(); err != nil {
		errs = append(errs, err)
	}
	for _, d := range []struct {
		name   string
		field  *time.Duration
		preset time.Duration
	}{
		{"lease TTL", &c.LeaseTTL, 45 * time.Second},
		{"refresh interval", &c.RefreshInterval, 30 * time.Second},
		{"register timeout", &c.RegisterTimeout, 2 * time.Second},
		{"register pause", &c.RegisterPause, time.Second},
		{"close timeout", &c.CloseTimeout, 5 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.preset
		}
		if *d.field < 0 {
			refuse("%s is negative: %v", d.name, *d.field)
		}
	}
	if c.RegisterTries == 0 {
		c.RegisterTries = 3
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	if c.Rand == nil {
		c.Rand = rand.Float64
	}
	c.Prefixes = slices.Clone(c.Prefixes)
	if len(c.Prefixes) == 0 {
		refuse("there is no prefix to watch")
	}
	for i, prefix := range c.Prefixes {
		switch {
		case prefix == "":
			refuse("a prefix is empty")
		case slices.Contains(c.Prefixes[:i], prefix):
			refuse("prefix %q occurs twice", prefix)
		}
	}
	if c.RegisterTries < 1 {
		refuse("register tries must be at least 1, not %d", c.RegisterTries)
	}
	if err := c.checkRegistration(c.Registration); err != nil {
		errs = append(errs, err)
	}
	return c, errors.Join(errs...)
}

// checkRegistration returns an error if a registration is wrong. The config must be complete otherwise.
func (c Config) checkRegistration(r Registration) error {
	if err := r.validate(); err != nil || r.empty() {
		return err
	}
	if slowest := c.slowestRefresh(); slowest >= c.LeaseTTL {
		return fmt.Errorf("lease TTL %v must exceed the slowest refresh, %v: the refresh interval %v, then %d tries of %v with pauses of %v",
			c.LeaseTTL, slowest, c.RefreshInterval, c.RegisterTries, c.RegisterTimeout, c.RegisterPause)
	}
	return nil
}

// slowestRefresh is the longest time from one refresh to the next, if only the last try of the next one succeeds.
func (c Config) slowestRefresh() time.Duration {
	tries := time.Duration(c.RegisterTries)
	return c.RefreshInterval + tries*c.RegisterTimeout + (tries-1)*c.RegisterPause
}

// CloseBound is how long [Manager.Close] takes at most, whatever the members do: CloseTimeout to revoke leases, and
// [guard.CloseGrace] to close the connections.
func (c Config) CloseBound() time.Duration {
	complete, _ := c.complete()
	return complete.CloseTimeout + guard.CloseGrace
}
