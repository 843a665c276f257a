package scenarios

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// watch are the scenarios in which a member works but the watch on it does not.
func watch() []harness.Scenario {
	return []harness.Scenario{
		{
			Name:     "progress-dropped",
			Summary:  "There are no updates, and progress requests are not answered: the manager reports it at its idle timeout, neither early nor late.",
			Incident: "tidb #69047: the idle timeout of the merged change, tested there with a failpoint that skips the request",
			Body:     progressDropped,
		},
		{
			Name:     "progress-answered-events-withheld",
			Summary:  "The member answers every progress request and keeps the events back.",
			Incident: "etcd #15220: progress notifications ahead of events; what a hung leader looks like to an idle timeout",
			Body:     eventsWithheld,
		},
		{
			Name:     "reset-while-quiet",
			Summary:  "Nobody writes, the connections to the watched member are reset once, and still nobody writes: there is nothing to report.",
			Incident: "tidb #69047, quiet clusters: etcd answers no progress while its store is behind the watch's start, so idle timeouts fire every 90 s",
			Body:     resetWhileQuiet,
		},
		{
			Name:     "compacted-while-away",
			Summary:  "The manager is cut off from a whole cluster, whose history is compacted meanwhile: where it was is gone.",
			Incident: "etcd #18089: a delete was missing at a compaction; a watch that resumes at a compacted revision is canceled each time",
			Body:     compactedWhileAway,
		},
	}
}

func progressDropped(w *harness.World) {
	alpha, beta := w.Cluster("alpha"), w.Cluster("beta")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))
	wakeAlpha, wakeBeta := alpha.Rest(), beta.Rest()

	drop := w.Inject(fault.DropProgress(follower))
	drop.RequireIdleTimeout(alpha)
	w.Pass(w.Bounds().IdleLate())

	drop.Heal()
	wakeAlpha()
	wakeBeta()
	w.RequireFresh(alpha)
	drop.RequireCalm("beta")
}

func eventsWithheld(w *harness.World) {
	alpha := w.Cluster("alpha")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))

	withhold := w.Inject(fault.WithholdEvents(follower))
	withhold.RequireRecovery(alpha)
	withhold.RequireCalm("beta")

	withhold.Heal()
	w.RequireFresh(alpha)
}

func resetWhileQuiet(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))
	wake := alpha.Rest()
	w.Pass(w.Timing().ProgressInterval)

	w.Inject(fault.Reset(leader)).Heal()
	w.Pass(3 * w.Timing().IdleTimeout)

	wake()
	w.RequireFresh(alpha)
}

func compactedWhileAway(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	var cuts []*harness.Injection
	for _, m := range alpha.Members() {
		cuts = append(cuts, w.Inject(fault.Reset(m)))
	}
	w.Pass(2 * w.Timing().Load)
	w.Inject(fault.Compact(alpha))
	cuts[0].RequireCalm("beta")

	for _, cut := range cuts {
		cut.Heal()
	}
	w.RequireFresh(alpha)
}
