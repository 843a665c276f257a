package scenarios

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// settling is how long the members of a cluster must have been connected before etcd accepts that one joins or leaves.
const settling = 5 * time.Second

// membership are the scenarios in which members join and leave.
func membership() []harness.Scenario {
	return []harness.Scenario{
		{
			Name:     "member-added-under-watch",
			Summary:  "A member joins, and then the one that serves the watch dies.",
			Incident: "tikv/pd #7730: the endpoints that a client knows are not those of the cluster",
			Body:     memberAdded,
		},
		{
			Name:     "watched-member-removed",
			Summary:  "The member that serves the watch is removed from the cluster.",
			Incident: "tikv/pd #7730: a client that stays with a member which does not belong to the cluster any more",
			Body:     watchedMemberRemoved,
		},
		{
			Name:     "all-members-replaced",
			Summary:  "New members join and all old ones are removed, one by one, as in a migration.",
			Incident: "tikv/pd #7730: none of the endpoints that the client was given exists any more",
			Body:     allMembersReplaced,
		},
		{
			Name:     "member-wiped-and-rejoined",
			Summary:  "The member that serves the watch loses its disk and joins again under its name, with nothing.",
			Incident: "etcd #13527: a host whose storage is gone comes back empty",
			Body:     memberWiped,
		},
		{
			Name:     "advertised-address-unreachable",
			Summary:  "All members advertise addresses at which nobody is: the member list is wrong, and the endpoints that were given are right.",
			Incident: "tikv/pd #7499: a client that trusts the member list dials an address that only the members can reach",
			Body:     advertisedUnreachable,
		},
	}
}

func memberAdded(w *harness.World) {
	alpha := w.Cluster("alpha")
	leader := alpha.Leader()
	w.StartManager(harness.WatchOn(leader))
	w.Pass(settling)

	added := w.Inject(fault.AddMember(alpha))
	added.RequireRecovery(alpha)
	kill := w.Inject(fault.Kill(leader))
	kill.RequireRecovery(alpha)
	kill.RequireCalm("beta")

	kill.Heal()
	w.RequireFresh(alpha)
}

func watchedMemberRemoved(w *harness.World) {
	alpha := w.Cluster("alpha")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))
	w.Pass(settling)

	remove := w.Inject(fault.RemoveMember(follower))
	remove.RequireRecovery(alpha)
	remove.RequireCalm("beta")
}

func allMembersReplaced(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	w.Pass(settling)

	var last *harness.Injection
	for _, old := range alpha.Members() {
		w.Inject(fault.AddMember(alpha))
		if w.Timing().Sync == 0 {
			w.Manage(w.Clusters()...) // a manager that never reads the member list must be told
		}
		w.Pass(max(settling, w.Bounds().Discovered()))
		last = w.Inject(fault.RemoveMember(old))
	}
	last.RequireRecovery(alpha)
	last.RequireCalm("beta")
}

func memberWiped(w *harness.World) {
	alpha := w.Cluster("alpha")
	follower := alpha.Followers()[0]
	w.StartManager(harness.WatchOn(follower))
	w.Pass(settling)

	wipe := w.Inject(fault.WipeAndRejoin(follower))
	wipe.RequireRecovery(alpha)
	wipe.RequireCalm("beta")
}

func advertisedUnreachable(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager(harness.WatchOn(alpha.Leader()))

	for _, m := range alpha.Members() {
		wrong := w.Inject(fault.MisadvertiseMember(m))
		wrong.RequireRecovery(alpha)
	}
	w.Pass(w.Timing().Sync + w.Timing().RequestTimeout)
	freeze := w.Inject(fault.Freeze(alpha.Member(harness.RoleWatched)))
	freeze.RequireRecovery(alpha)
	freeze.RequireCalm("beta")

	freeze.Heal()
	w.RequireFresh(alpha)
}
