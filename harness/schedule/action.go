package schedule

import (
	"strings"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// Inject is the action of injecting a fault; undoing it heals the fault.
type Inject struct{ Fault fault.Fault }

func (a Inject) String() string { return a.Fault.String() }

// Clusters are the fault's.
func (a Inject) Clusters() []string { return a.Fault.Clusters() }

func (a Inject) begin(w *harness.World) (func(), error) {
	injected, err := w.Begin(a.Fault)
	if err != nil {
		return nil, err
	}
	return injected.Heal, nil
}

// Apply makes the named clusters the manager's complete set, as a reload of its configuration does. There is nothing to undo.
type Apply struct{ Names []string }

func (a Apply) String() string { return "Apply(" + strings.Join(a.Names, ", ") + ")" }

// Clusters are those that are managed from then on.
func (a Apply) Clusters() []string { return a.Names }

func (a Apply) begin(w *harness.World) (func(), error) {
	managed := make([]*harness.Cluster, len(a.Names))
	for i, name := range a.Names {
		managed[i] = w.Cluster(name)
	}
	w.Manage(managed...)
	return nil, nil
}

// Rest brings the load on a cluster to rest; undoing it lets the load go on.
type Rest struct{ Cluster string }

func (a Rest) String() string { return "Rest(" + a.Cluster + ")" }

// Clusters is the one.
func (a Rest) Clusters() []string { return []string{a.Cluster} }

func (a Rest) begin(w *harness.World) (func(), error) { return w.Cluster(a.Cluster).Rest(), nil }
