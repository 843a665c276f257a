package harness

import (
	"fmt"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// recordOutside checks the fault points that were switched on from outside, for example by GO_FAILPOINTS, and records each as a fault that is in
// force from the start. It is called before the clusters start. It returns an error for a switch that has no effect in this world.
func (w *World) recordOutside() error {
	clusters := map[string][]string{}
	for _, c := range w.clusters {
		for _, m := range c.Members() {
			clusters[c.name] = append(clusters[c.name], m.name)
		}
	}
	if err := w.board.CheckOutside(clusters); err != nil {
		return &usageError{err}
	}
	for _, s := range w.board.Outside() {
		member, err := w.Resolve(Ref{s.Cluster, s.Member})
		if err != nil {
			return &usageError{err}
		}
		w.recorder.Fault(w.outsideFault(member, s))
	}
	return nil
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
