package bench

import (
	"fmt"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/names"
)

// Setting is a value for one interval of a timing, by the names that [Intervals] returns.
type Setting struct {
	Name  string
	Value time.Duration
}

func (s Setting) String() string { return s.Name + "=" + s.Value.String() }

// interval is an interval that a setting can replace.
type interval struct {
	name, about string
	// etcd finds an interval that is etcd's or the workload's, manager one that is the manager's own. One of them is nil.
	etcd    func(*bound.Timing) *time.Duration
	manager func(*bound.Manager) *time.Duration
}

func intervals() []interval {
	type timing = bound.Timing
	type own = bound.Manager
	return []interval{
		{"election", "etcd's election timeout", func(t *timing) *time.Duration { return &t.Election }, nil},
		{"heartbeat", "etcd's heartbeat interval", func(t *timing) *time.Duration { return &t.Heartbeat }, nil},
		{"load", "how often the workload commits an update", func(t *timing) *time.Duration { return &t.Load }, nil},
		{"probe", "how often the manager probes whether its watch is fresh", nil, func(m *own) *time.Duration { return &m.ProbeInterval }},
		{"probe-timeout", "the timeout of such a probe", nil, func(m *own) *time.Duration { return &m.ProbeTimeout }},
		{"probe-grace", "how long the watch may lag behind a probe", nil, func(m *own) *time.Duration { return &m.ProbeGrace }},
		{"progress", "how often the manager requests progress", nil, func(m *own) *time.Duration { return &m.ProgressInterval }},
		{"idle", "how long the manager keeps a watch that delivers nothing", nil, func(m *own) *time.Duration { return &m.IdleTimeout }},
		{"poll", "how often a manager reads that does not watch", nil, func(m *own) *time.Duration { return &m.Poll }},
		{"request", "the manager's timeout for one request", nil, func(m *own) *time.Duration { return &m.RequestTimeout }},
		{"backoff", "the longest pause between two attempts", nil, func(m *own) *time.Duration { return &m.BackoffCap }},
	}
}

// Interval names an interval that a [Setting] can replace.
type Interval struct{ Name, About string }

// Intervals returns the intervals that can be set: etcd's, the workload's, and the manager's own.
func Intervals() []Interval {
	var list []Interval
	for _, i := range intervals() {
		list = append(list, Interval{i.name, i.about})
	}
	return list
}

// Check returns an error if a run of this engine's timing and this candidate cannot have the setting, or if the candidate would ignore it.
func (s Setting) Check(t bound.Timing, m harness.Candidate) error {
	_, err := s.apply(t, m)
	return err
}

// apply returns the timing with the setting.
func (s Setting) apply(t bound.Timing, m harness.Candidate) (bound.Timing, error) {
	var all []string
	for _, i := range intervals() {
		all = append(all, i.name)
		if i.name != s.Name {
			continue
		}
		if s.Value <= 0 {
			return t, fmt.Errorf("%s: want more than nothing", s)
		}
		if i.etcd != nil {
			*i.etcd(&t) = s.Value
			return t, s.valid(t)
		}
		*i.manager(&t.Manager) = s.Value
		own := t.Manager
		if m.Timing != nil {
			own = m.Timing(own)
		}
		if got := *i.manager(&own); got != s.Value {
			return t, fmt.Errorf("%s: the %s manager does not take it: it has %s", s, m.Name, orNone(got))
		}
		return t, s.valid(t.With(own))
	}
	return t, names.Unknown("interval", s.Name, all)
}

// valid returns the errors of a timing, in one line, after the setting that led to them.
func (s Setting) valid(t bound.Timing) error {
	if err := t.Check(); err != nil {
		return fmt.Errorf("%s: %s", s, strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

func orNone(d time.Duration) string {
	if d == 0 {
		return "none"
	}
	return d.String()
}
