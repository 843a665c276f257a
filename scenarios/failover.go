package scenarios

import (
	"time"

	"github.com/stormwatch/stormwatch/fakes"
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// Failover is a story told to be measured, not judged: how long a manager's view takes to be fresh again after a fault that lasts.
type Failover struct {
	harness.Scenario
	// Bound is what the scenario of the same name in the catalogue allows.
	Bound func(bound.Bounds) time.Duration
}

// Failovers are the stories that failover is measured with. Each has one cluster, a manager that has had time to settle, its watches on
// the member that the fault then strikes, and an instant of the fault that the seed draws.
func Failovers() []Failover {
	leader := func(c *harness.Cluster) *harness.Member { return c.Leader() }
	follower := func(c *harness.Cluster) *harness.Member { return c.Followers()[0] }
	list := []Failover{
		failover("hung-leader-disk", leader, fault.HangDisk, bound.Bounds.HungLeader),
		failover("leader-isolated", leader, fault.Isolate, bound.Bounds.IsolatedLeader),
		failover("member-frozen", follower, fault.Freeze, bound.Bounds.SilentMember),
		failover("leader-killed", leader, fault.Kill, bound.Bounds.LostLeader),
		failover("client-blackholed", leader, fault.Blackhole, bound.Bounds.SilentMember),
	}
	for i := range list {
		list[i].Clusters = []harness.Spec{{Name: "alpha", Members: 3}}
		list[i].Load = fakes.Load
	}
	return list
}

// FindFailover looks one up by name, as Find does.
func FindFailover(name string) (Failover, error) {
	return find("failover", name, Failovers(), func(f Failover) string { return f.Name })
}

// longEnough is how long a view is waited for: what is not back by then is taken never to be.
const longEnough = 3 * time.Minute

func failover(
	name string, on func(*harness.Cluster) *harness.Member, strike func(*harness.Member) harness.Fault, limit func(bound.Bounds) time.Duration,
) Failover {
	body := func(w *harness.World) {
		alpha := w.Cluster("alpha")
		member := on(alpha)
		w.StartManager(harness.WatchOn(member))
		w.Pass(settling(w.Timing()))
		// Where in the manager's rounds of probes and progress the fault strikes is luck.
		w.Pass(time.Duration(w.Rand.Int64N(int64(w.Timing().IdleTimeout))))
		w.Inject(strike(member))
		w.RequireFailover(alpha, longEnough)
	}
	return Failover{Scenario: harness.Scenario{Name: name, Body: body}, Bound: limit}
}

// settling is how long the links that were closed while the manager took its place may take to be of use again: gRPC and the manager
// both pause between attempts.
func settling(t bound.Timing) time.Duration { return 2*t.BackoffCap + t.RequestTimeout }
