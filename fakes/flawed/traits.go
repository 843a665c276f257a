package flawed

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// traits are the differences between the managers of this package. [soundTraits] has all that a good manager needs. A flawed manager has one of
// these fields changed, or one of its mistakes set. The zero value is a manager with the client as it comes.
type traits struct {
	// client changes the configuration of the etcd clients. Nil: the default configuration.
	client func(*clientv3.Config)
	// prefixes are the prefixes that are followed. Nil: those of the workload.
	prefixes []string
	// eachMember makes a client for each member, and the manager chooses the member of a watch. False: one client with all endpoints chooses.
	eachMember bool
	// requireLeader makes a member without a leader cancel the watch.
	requireLeader bool
	// progress is how often progress is requested on a watch; zero: never.
	progress time.Duration
	// idle is the idle timeout of a watch; zero: none.
	idle time.Duration
	// request is the timeout of a read and of the creation of a watch; zero: none.
	request time.Duration
	// retry is the pause after the first failure in a row. It doubles up to mostRetry; if that is smaller, it stays.
	retry, mostRetry time.Duration
	// probe is how often a watch is compared with a read through another member; zero: never. The read has the timeout probeTimeout, and the
	// watch has probeGrace to show what was read.
	probe, probeTimeout, probeGrace time.Duration
	// quarantine is how long a member is avoided on which a watch was stale or silent; zero: not at all.
	quarantine time.Duration
	// resume says that the next watch begins at the revision that the last one has reached. False: everything is read again.
	resume bool
	// poll is how often a prefix is read instead of being watched; zero: it is watched.
	poll time.Duration
	// register is how often the manager's own key is refreshed, and leaseTTL its lease; zero: the manager has no key.
	register, leaseTTL time.Duration

	mistakes
}

// mistakes are what no good manager does. Zero values mean that it does not.
type mistakes struct {
	// fromNext makes a watch begin after the revision that was reached; etcd then answers no progress until something is written.
	fromNext bool
	// trustsHeaders takes any response, progress too, as proof that everything up to its revision was delivered.
	trustsHeaders bool
	// asksElsewhere requests progress with another context than the watch's.
	asksElsewhere bool
	// resetsIdleByAsking resets the idle timer when progress is requested, not when something arrives. idlesEarly halves the idle timer.
	resetsIdleByAsking, idlesEarly bool
	// idlesByProgress resets the idle timer when progress arrives, and not when an event does.
	idlesByProgress bool
	// leave is how long a watch is kept before it is closed, from the instant settled on.
	leave   time.Duration
	settled time.Time

	// probesSameMember probes through the watched member.
	probesSameMember bool
	// pinned never uses another member than the one that served its first watch.
	pinned bool
	// strikes is after how many lost watches it gives a prefix up; zero: never.
	strikes int
	// settles leaves a watch when the leader changes, and opens another one only when the cluster has settled.
	settles bool
	// patience is how long the member of a watch may take to answer a small request; zero: it is not asked.
	patience time.Duration
	// keepsLeftWatch goes on applying the events of a watch that it has left because it was stale.
	keepsLeftWatch bool
	// staysOnReadyMember opens the next watch on the same member if its connection is open. expels avoids a stale or silent member for ever.
	staysOnReadyMember, expels bool

	// resumesFromZero opens the next watch at the first revision and shows each event again. resumesFromNow opens it without a revision.
	resumesFromZero, resumesFromNow bool
	// ignoresCompaction resumes at the same revision again after it was compacted.
	ignoresCompaction bool
	// ignoresRestore resumes at a revision that its cluster does not have any more, since it was restored from a backup.
	ignoresRestore bool
	// forgetsRevision gives the revision of the first read for the view's after each watch.
	forgetsRevision bool
	// serializable reads what the asked member has, which may be old.
	serializable bool
	// withdraw removes the facts while reads fail, and reports no error.
	withdraw bool
	// dropsDeletes ignores deletions. lastEventOnly ignores all events of a response but the last. showsHalf shows a read before it is complete.
	dropsDeletes, lastEventOnly, showsHalf bool
	// showsEachEvent shows the view after each event of a response.
	showsEachEvent bool

	// beside is done with the client of each cluster, beside the following, until the context ends. Nil: nothing.
	beside func(context.Context, *clientv3.Client, harness.Setup)

	// sharesClient uses the client of the first cluster for all. sharesLock holds one lock of all clusters during requests.
	sharesClient, sharesLock bool
	// waitsForSlowest polls all clusters together and shows nothing before the last has answered.
	waitsForSlowest bool
	// stopsForReload applies no event of any cluster while Apply waits for a new one.
	stopsForReload bool
	// keepsCredentials keeps the certificates and the password of a cluster when a reload brings others. keepsToken logs in once, and goes on with that token
	// for ever.
	keepsCredentials, keepsToken bool
	// givesUp ends the following of a prefix after so many failures in a row; zero: never.
	givesUp int
	// keepsHandles goes on showing a cluster that was replaced. leaksRemoved does not close it.
	keepsHandles, leaksRemoved bool
	// closesOneByOne closes a client only after the last one has closed.
	closesOneByOne bool
	// rebuildsReordered replaces every cluster if their order has changed.
	rebuildsReordered bool
	// needsPrimary looks at the only cluster, which is nil if there are two.
	needsPrimary bool

	// keepsLostLease goes on refreshing a lease that is gone. deletesPrefix deletes the keys of other managers too when it withdraws its own.
	// neverRegisters writes no key. registersAtOne uses one member for its key, whatever happens. grantsAgain asks for another lease at each refresh.
	keepsLostLease, deletesPrefix, neverRegisters, registersAtOne, grantsAgain bool
}

// followed are the prefixes to follow.
func (t traits) followed(w *harness.Workload) []string {
	if t.prefixes != nil {
		return t.prefixes
	}
	return w.Prefixes
}

// soundTraits are those of a small manager without a known mistake.
func soundTraits(t bound.Timing) traits {
	return traits{
		client: dialing(t.BackoffCap), eachMember: true, requireLeader: true, resume: true,
		progress: t.ProgressInterval, idle: t.IdleTimeout, request: t.RequestTimeout,
		retry: t.Heartbeat, mostRetry: t.BackoffCap / 3, // an attempt and a pause more must still be in time
		probe: t.ProbeInterval, probeTimeout: t.ProbeTimeout, probeGrace: t.ProbeGrace, quarantine: 3 * t.IdleTimeout,
		register: t.Refresh, leaseTTL: t.LeaseTTL,
	}
}
