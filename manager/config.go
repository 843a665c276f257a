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

// Config is what a manager does and how it behaves. Prefixes is needed; any other field that is zero means its default,
// which is the production setting.
type Config struct {
	// Prefixes are the prefixes of keys to watch in every cluster, each through a guarded watch of its own. None may be
	// empty or occur twice.
	Prefixes []string
	// Registration is what the manager keeps of itself in every cluster. Without keys: nothing, until
	// [Manager.SetRegistration] gives it some.
	Registration Registration
	// OnChange is called after every change of what [Manager.View] answers for a cluster, with the whole view after that
	// change: in order, none left out, and never twice at once. When a cluster is no longer managed it is called once more,
	// with a view whose Err is a [*ClusterGoneError]. A goroutine of its own calls it, so that it may take its time and may
	// call the manager's methods, all but Close; Close waits until the last change was handed out. A change of
	// Snapshot.Proven alone is none. Nil: nobody is told.
	OnChange func(cluster string, v View)

	// Watch is how the watches behave.
	Watch guard.Options

	// LeaseTTL is the lifetime of the registration without a refresh, in whole seconds (rounded up). Default 45 s.
	LeaseTTL time.Duration
	// RefreshInterval is how often the registration is refreshed. Default 30 s.
	RefreshInterval time.Duration
	// RegisterTimeout bounds one try to write the registration, RegisterPause is the pause before the next try,
	// through another member, and RegisterTries the number of tries. Defaults 2 s, 1 s, 3.
	RegisterTimeout, RegisterPause time.Duration
	RegisterTries                  int
	// CloseTimeout bounds the attempts to revoke the registration's lease when a cluster is removed or the manager
	// closed. Members that do not answer do not use it up: within half of it every member has been asked. The lease expires
	// by itself if all fail. Default 5 s.
	CloseTimeout time.Duration

	// Logger receives the manager's log and that of its etcd clients. Nil: no log.
	Logger *zap.Logger
	// Registerer receives the metrics of the manager, which withdraws them when it is closed. Two managers on one
	// registerer must be told apart by a label (prometheus.WrapRegistererWith). Nil: no metrics. See [MetricNames].
	Registerer prometheus.Registerer
	// Rand is the source of jitter, in [0, 1). Nil: math/rand/v2. It is called from several goroutines.
	Rand func() float64
}

// complete returns the config with defaults for what is zero, or says everything that is wrong with it.
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

// checkRegistration says what is wrong with a registration, given the rest of a complete config.
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

// slowestRefresh is when, counted from the last refresh, the next one is done if only its last try succeeds.
func (c Config) slowestRefresh() time.Duration {
	tries := time.Duration(c.RegisterTries)
	return c.RefreshInterval + tries*c.RegisterTimeout + (tries-1)*c.RegisterPause
}

// CloseBound is how long [Manager.Close] takes at most, whatever the members do: CloseTimeout to give leases back, and
// [guard.CloseGrace] to part from the members.
func (c Config) CloseBound() time.Duration {
	complete, _ := c.complete()
	return complete.CloseTimeout + guard.CloseGrace
}
