package schedule

import (
	"strings"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// Inject is the action that injects a fault. Undoing it heals the fault.
type Inject struct{ Fault fault.Fault }

func (a Inject) String() string { return a.Fault.String() }

// Clusters are the clusters of the fault.
func (a Inject) Clusters() []string { return a.Fault.Clusters() }

func (a Inject) begin(w *harness.World) (func(), error) {
	injected, err := w.Begin(a.Fault)
	if err != nil {
		return nil, err
	}
	return injected.Heal, nil
}

// Apply is the action that makes the named clusters the manager's complete set, as a reload of its configuration does. It cannot be undone.
type Apply struct{ Names []string }

func (a Apply) String() string { return "Apply(" + strings.Join(a.Names, ", ") + ")" }

// Clusters are the clusters that are managed from then on.
func (a Apply) Clusters() []string { return a.Names }

func (a Apply) begin(w *harness.World) (func(), error) {
	managed := make([]*harness.Cluster, len(a.Names))
	for i, name := range a.Names {
		managed[i] = w.Cluster(name)
	}
	w.Manage(managed...)
	return nil, nil
}

// Rest is the action that stops the load on a cluster. Undoing it lets the load go on.
type Rest struct{ Cluster string }

func (a Rest) String() string { return "Rest(" + a.Cluster + ")" }

// Clusters is the cluster whose load rests.
func (a Rest) Clusters() []string { return []string{a.Cluster} }

func (a Rest) begin(w *harness.World) (func(), error) { return w.Cluster(a.Cluster).BringToRest() }

// Rival is the action that starts a second manager of the same candidate on all clusters, see [harness.World.StartRival]. Undoing it closes that
// manager. A schedule has one such step at most.
type Rival struct{}

func (Rival) String() string { return "Rival()" }

// Clusters are none: the action names no cluster.
func (Rival) Clusters() []string { return nil }

func (Rival) begin(w *harness.World) (func(), error) {
	w.StartRival()
	return w.CloseRival, nil
}

// Close is the action that closes the manager while the faults in force go on, see [harness.World.CloseManager]. It cannot be undone, and no Apply,
// Rival or Close may follow it.
type Close struct{}

func (Close) String() string { return "Close()" }

// Clusters are none: the action names no cluster.
func (Close) Clusters() []string { return nil }

func (Close) begin(w *harness.World) (func(), error) {
	w.CloseManager()
	return nil, nil
}
