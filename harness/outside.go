package harness

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// recordOutside checks the fault points that were switched on from outside, for example by GO_FAILPOINTS, and records each as a fault that is in
// force from the start. It is called before the clusters start. It returns an error for a switch that has no effect in this world.
func (w *World) recordOutside() error {
	if err := w.board.CheckOutside(w.names()); err != nil {
		return &usageError{err}
	}
	return w.FollowOutside()
}

// names are the names of the members by cluster.
func (w *World) names() map[string][]string {
	names := map[string][]string{}
	for _, c := range w.clusters {
		for _, m := range c.Members() {
			names[c.name] = append(names[c.name], m.name)
		}
	}
	return names
}

// CheckSwitch returns an error if a fault point that somebody is about to switch on from outside does not exist in this world, or does not support
// the terms. It may be called from any goroutine.
func (w *World) CheckSwitch(p point.Path, terms string) error {
	return w.board.CheckSwitch(p, terms, w.names())
}

// FollowOutside records which fault points have been switched on or off from outside since it was called last, each as a fault. The start of the world
// calls it; a body in which somebody throws switches, by failpoint's HTTP handler for example, calls it again and again. The error names the switches
// of members that do not exist.
func (w *World) FollowOutside() error {
	var errs []error
	on := map[point.Switch]func(){}
	for _, s := range w.board.Outside() {
		if over, known := w.outside[s]; known {
			on[s] = over
			continue
		}
		member, err := w.Resolve(Ref{s.Cluster, s.Member})
		if err != nil {
			errs = append(errs, &usageError{err})
			continue
		}
		on[s] = w.recorder.Fault(w.outsideFault(member, s))
	}
	for s, over := range w.outside {
		if _, still := on[s]; !still {
			over()
		}
	}
	w.outside = on
	return errors.Join(errs...)
}

// withOutside names the fault points that were switched on from outside, for the error of a cluster that did not start, since they may be the
// cause. It is empty if there are none.
func (w *World) withOutside() string {
	var names []string
	for _, s := range w.board.Outside() {
		names = append(names, s.String())
	}
	if len(names) == 0 {
		return ""
	}
	return " with " + strings.Join(names, ", ") + " thrown from outside"
}

// outsideFault makes a fault of a fault point that was switched on from outside. Its scope follows from every decision that the terms may come to.
// Nobody says which fault it stands for, so it has the largest allowance of all faults.
func (w *World) outsideFault(m *Member, s point.Switch) record.Fault {
	var switches []Switch
	var delay time.Duration
	for _, d := range s.Decisions() {
		switches = append(switches, Switch{Member: m, Point: s.Name, Decision: d})
		delay = max(delay, d.Longest())
	}
	return record.Fault{
		Text:  fmt.Sprintf("GO_FAILPOINTS(%s)", s),
		Scope: scopeOf(w.Bounds(), switches, record.Scope{Cluster: s.Cluster}),
		Allowance: record.Allowance{
			Name: "failover", Recovery: w.Bounds().Failover(), Lasting: w.Bounds().Slow(delay),
		},
	}
}
