package scenarios

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// silence is how long the quiet scenarios write nothing: longer than any keepalive, idle timeout or lease of a manager. It is three minutes with the
// timing of virtual time, and half of that with the shorter timing of real time.
func silence(w *harness.World) time.Duration { return 180 * w.Timing().Election }

// quiet are the scenarios of clusters in which nobody writes.
func quiet() []harness.Scenario {
	return []harness.Scenario{
		{
			Name:     "quiet-minutes",
			Summary:  "Nobody writes for three minutes: nothing may happen.",
			Incident: "tidb #69047, quiet clusters: idle timeouts on a healthy cluster, every 90 s",
			Body:     quietMinutes,
		},
		{
			Name:     "quiet-then-frozen",
			Summary:  "After three minutes without an update the member that serves the watch freezes, and then the updates go on.",
			Incident: "keepalive without streams: after too_many_pings the next frozen member is noticed after 38 to 78 s instead of 18 s",
			Body:     quietThenFrozen,
		},
		{
			Name:     "quiet-then-hung",
			Summary:  "After three minutes without an update the disk of the leader hangs, and then the updates go on.",
			Incident: "tikv/pd #10671 in a cluster without writes: nothing shows that the leader is stale",
			Body:     quietThenHung,
		},
	}
}

func quietMinutes(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	w.StartManager(harness.WatchOn(alpha.Followers()[0]))
	wakeAlpha, wakeBeta := alpha.Rest(), beta.Rest()
	w.Pass(silence(w))
	wakeAlpha()
	wakeBeta()
	w.RequireFresh(alpha)
	w.RequireFresh(beta)
}

func quietThenFrozen(w *harness.World) {
	alpha := w.Cluster("alpha")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))
	wake := alpha.Rest()
	w.Pass(silence(w))

	freeze := w.Inject(fault.Freeze(follower))
	wake()
	freeze.RequireRecovery(alpha)
	freeze.RequireCalm("beta")

	freeze.Heal()
	w.RequireFresh(alpha)
}

func quietThenHung(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))
	wake := alpha.Rest()
	w.Pass(silence(w))

	hang := w.Inject(fault.HangDisk(leader))
	wake()
	hang.RequireRecovery(alpha)
	hang.RequireCalm("beta")

	hang.Heal()
	w.RequireFresh(alpha)
}
