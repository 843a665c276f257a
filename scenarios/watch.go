package scenarios

import (
	"time"

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
			Name:     "progress-requests-dropped",
			Summary:  "Progress requests never reach the member that serves the watch; events do.",
			Incident: "tidb #69047: the failpoint of the merged change skips the request",
			Body:     progressRequestsDropped,
		},
		{
			Name:     "watch-create-unanswered",
			Summary:  "The manager's watch is cut, and the member does not answer the creation of a new one.",
			Incident: "tikv/pd #6961: silent watches that are rebuilt and stay silent",
			Body:     watchCreateUnanswered,
		},
		{
			Name:     "compacted-while-away",
			Summary:  "The manager reaches no member while the cluster is written to and compacted: its watch cannot go on where it was.",
			Incident: "etcd #18089, #19179: deletes missing after a compaction",
			Body:     compactedWhileAway,
		},
		{
			Name:     "compacted-then-reset",
			Summary:  "The history is compacted while the manager follows it, and at once the connections to the watched member are reset: a watch of quiet keys cannot resume.",
			Incident: "kubernetes/enhancements #819 (watch bookmarks): watches of slow moving resources find their revision too old when they are established again",
			Body:     compactedThenReset,
		},
		{
			Name:     "revision-goes-back",
			Summary:  "The cluster is restored from a backup: what was committed after the backup is undone, and revisions are given a second time.",
			Incident: "etcd's guide to disaster recovery: watches that wait at a revision from before the restore hear nothing (hence etcdutl's --bump-revision)",
			Body:     revisionGoesBack,
		},
		{
			Name:     "late-events",
			Summary:  "Events reach the manager late, and are then many at once.",
			Incident: "etcd #17507, #20242: one slow stream starves the watches on it",
			Body:     lateEvents,
		},
		{
			Name:     "answer-lost",
			Summary:  "The member carries out the manager's requests and the answers are lost.",
			Incident: "etcd: a write in flight when the leader dies times out after seven seconds, and may have taken effect",
			Body:     answerLost,
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
	w.StartManager(harness.WatchOn(alpha.Followers()[0]))

	const rounds = 4 // each begins at another time before the next progress response, so that some response overtakes events
	for i := range rounds {
		w.Pass(time.Duration(i) * w.Timing().ProgressInterval / rounds)
		withhold := w.Inject(fault.WithholdEvents(alpha.Member(harness.RoleWatched)))
		withhold.RequireRecovery(alpha)
		withhold.RequireCalm("beta")

		withhold.Heal()
		w.RequireFresh(alpha)
	}
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

func progressRequestsDropped(w *harness.World) {
	alpha := w.Cluster("alpha")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))

	drop := w.Inject(fault.DropProgressRequests(follower))
	drop.RequireRecovery(alpha)
	drop.RequireCalm("alpha", "beta")

	drop.Heal()
	w.RequireFresh(alpha)
}

func watchCreateUnanswered(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	silent := w.Inject(fault.DropWatchCreate(leader))
	leaderAgain := w.Inject(fault.Reset(leader))
	leaderAgain.Heal()
	leaderAgain.RequireRecovery(alpha)
	leaderAgain.RequireCalm("beta")

	silent.Heal()
	w.RequireFresh(alpha)
}

func compactedWhileAway(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	var cuts []*harness.Injection
	for _, m := range alpha.Members() {
		cuts = append(cuts, w.Inject(fault.Reset(m)))
	}
	w.Pass(10 * w.Timing().Load)
	compact := w.Inject(fault.Compact(alpha))
	w.Pass(w.Timing().Load)
	for _, cut := range cuts {
		cut.Heal()
	}
	compact.RequireRecovery(alpha)
	compact.RequireCalm("beta")
}

func compactedThenReset(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	for range 3 {
		w.Inject(fault.Compact(alpha))
		reset := w.Inject(fault.Reset(alpha.Member(harness.RoleWatched)))
		reset.Heal()
		reset.RequireRecovery(alpha)
		reset.RequireCalm("beta")
	}
}

func revisionGoesBack(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.Pass(w.Timing().Election)   // the workload has begun
	w.Inject(fault.Backup(alpha)) // without the manager's own keys
	w.StartManager(harness.WatchOn(alpha.Leader()))
	w.Pass(2 * w.Bounds().Restored())

	restore := w.Inject(fault.Restore(alpha))
	restore.RequireRecovery(alpha)
	restore.RequireCalm("beta")

	w.RequireFresh(alpha)
}

func lateEvents(w *harness.World) {
	alpha := w.Cluster("alpha")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))

	late := w.Inject(fault.DelayWatch(follower, 2*w.Bounds().Tolerable()))
	late.RequireRecovery(alpha)
	late.RequireCalm("beta")

	late.Heal()
	w.RequireFresh(alpha)
}

func answerLost(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))

	var lost *harness.Injection
	for _, method := range []string{"Range", "Txn", "LeaseGrant"} {
		lost = w.Inject(fault.DropAnswer(leader, method))
	}
	lost.RequireRecovery(alpha)
	lost.RequireCalm("alpha", "beta")
}
