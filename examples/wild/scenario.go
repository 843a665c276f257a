package main

import (
	"context"
	"fmt"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// ours are scenarios that the catalogue does not have.
func ours() []harness.Scenario {
	list := []harness.Scenario{
		{
			Name:     "compacted-while-cut-off",
			Summary:  "The manager is cut off from every member while others write, and etcd compacts what it has missed before it is back.",
			Incident: "etcd ends a watch that would resume before the compaction with \"required revision has been compacted\"",
			Body:     compactedWhileCutOff,
		},
		{
			Name:     "cut-off-again-and-again",
			Summary:  "All connections of the manager are reset, five times, while others write.",
			Incident: "a network that comes and goes",
			Body:     cutOffAgainAndAgain,
		},
		{
			Name:     "cut-off-twice-without-quorum",
			Summary:  "The cluster loses its quorum, and all connections of the manager are reset twice meanwhile.",
			Incident: "a network that fails between the members and to the clients at once",
			Body:     cutOffTwiceWithoutQuorum,
		},
		strike("hung-leader-disk", "The disk of the leader hangs", func(m harness.Referrer) harness.Fault { return fault.HangDisk(m) }),
		strike("leader-isolated", "The leader is cut off from its peers", func(m harness.Referrer) harness.Fault { return fault.Isolate(m) }),
		strike("leader-killed", "The leader dies", func(m harness.Referrer) harness.Fault { return fault.Kill(m) }),
		strike("client-blackholed", "The packets to the leader are lost", func(m harness.Referrer) harness.Fault { return fault.Blackhole(m) }),
	}
	for i := range list {
		list[i].Clusters = []harness.Spec{{Name: "alpha", Members: 3}, {Name: "beta", Members: 3}}
	}
	return list
}

// strike is a scenario of the catalogue for libraries that cannot start while a member refuses connections. The catalogue closes the links of the
// other members while the manager starts, so that its watch is on the leader. Here all links are open, and the leadership moves to where the
// watch is.
func strike(name, what string, f func(harness.Referrer) harness.Fault) harness.Scenario {
	return harness.Scenario{
		Name:     name + "-where-it-watches",
		Summary:  what + "; the manager could reach every member when it started, and its watch is on the leader.",
		Incident: "that of " + name,
		Body: func(w *harness.World) {
			alpha := w.Cluster("alpha")
			w.StartManager()
			watched, err := w.Resolve(harness.Ref{Cluster: "alpha", Member: harness.RoleWatched})
			if err != nil {
				w.Abort(err)
			}
			if !watched.Leads() {
				w.Inject(fault.MoveLeader(watched))
				w.RequireFresh(alpha)
			}
			w.Pass(w.Timing().Election)
			broken := w.Inject(f(alpha.Leader()))
			broken.RequireRecovery(alpha)
			broken.RequireCalm("beta")

			broken.Heal()
			w.RequireFresh(alpha)
		},
	}
}

func compactedWhileCutOff(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()

	back := cutOff(w, alpha)
	w.Pass(w.Timing().Election)
	if err := compact(w, alpha); err != nil {
		w.Abort(err)
	}
	back()
	w.RequireFresh(alpha)
}

func cutOffAgainAndAgain(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()
	for range 5 {
		back := cutOff(w, alpha)
		w.Pass(w.Timing().Election)
		back()
		w.RequireFresh(alpha)
	}
}

func cutOffTwiceWithoutQuorum(w *harness.World) {
	alpha := w.Cluster("alpha")
	w.StartManager()

	var apart []*harness.Injection
	for _, m := range alpha.Members() {
		apart = append(apart, w.Inject(fault.Isolate(m)))
	}
	for range 2 {
		back := cutOff(w, alpha)
		w.Pass(w.Timing().Election)
		back()
		w.Pass(w.Bounds().Election()) // long enough to connect again, after gRPC's pause
	}
	for _, isolated := range apart {
		isolated.Heal()
	}
	w.RequireFresh(alpha)
}

// cutOff cuts the manager off from all members, with resets, until back is called.
func cutOff(w *harness.World, c *harness.Cluster) (back func()) {
	var cuts []*harness.Injection
	for _, m := range c.Members() {
		cuts = append(cuts, w.Inject(fault.Reset(m)))
	}
	return func() {
		for _, cut := range cuts {
			cut.Heal()
		}
	}
}

// compact compacts a cluster up to its present revision.
func compact(w *harness.World, c *harness.Cluster) error {
	resume := c.Rest()
	defer resume()
	leader, err := c.Leader().Direct()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(leader.Ctx(), w.Timing().Election)
	defer cancel()
	now, err := leader.Get(ctx, "any")
	if err != nil {
		return fmt.Errorf("read the revision of %s: %w", c, err)
	}
	if _, err := leader.Compact(ctx, now.Header.Revision); err != nil {
		return fmt.Errorf("compact %s: %w", c, err)
	}
	return nil
}
