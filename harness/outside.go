package harness

import (
	"fmt"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

// throwOutside checks the switches that were thrown from outside, by GO_FAILPOINTS for example, and records each like a fault that is in force
// from the start on. It is called before the clusters start. One that means nothing in this world is an error that says so.
func (w *World) throwOutside() error {
	clusters := map[string][]string{}
	for _, c := range w.clusters {
		for _, m := range c.Members() {
			clusters[c.name] = append(clusters[c.name], m.name)
		}
	}
	if err := w.board.CheckOutside(clusters); err != nil {
		return &UsageError{err}
	}
	for _, s := range w.board.Outside() {
		member, err := w.Resolve(Ref{s.Cluster, s.Member})
		if err != nil {
			return &UsageError{err}
		}
		w.recorder.Fault(w.outsideFault(member, s))
	}
	return nil
}

// withOutside names the switches that were thrown from outside, for the error of a start that they may have hindered; empty if there are none.
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

// outsideFault is a switch that was thrown from outside, as a fault. What it touches follows from what it may ask for, and since nobody says
// which fault it stands for, its allowance is the largest that any fault has.
func (w *World) outsideFault(m *Member, s point.Switch) record.Fault {
	var switches []Switch
	var delay time.Duration
	for _, d := range s.Decisions() {
		switches = append(switches, Switch{Member: m, Point: s.Name, Decision: d})
		delay = max(delay, d.Delay)
	}
	return record.Fault{
		Text:  fmt.Sprintf("GO_FAILPOINTS(%s)", s),
		Scope: scopeOf(w.Bounds(), switches, record.Scope{Cluster: s.Cluster}),
		Allowance: record.Allowance{
			Name: "failover", Recovery: w.Bounds().Failover(), Lasting: w.Bounds().Slow(delay),
		},
	}
}
