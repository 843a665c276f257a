package oracle

import (
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Registration requires that a manager's own keys stand in each cluster that it can reach, and that it touches nobody else's:
//
//   - No own key is missing for longer at a stretch than [bound.Bounds.Registered], and [bound.Bounds.Failover] more while a
//     fault is on the cluster or was within that bound. Time before the manager had its start, and time before a lost quorum
//     was back, does not count. Each key is judged by itself. What must be gone after Close is for [Leaks].
//   - A key of somebody else's that is missing at any time is a violation at once.
type Registration struct{}

// Name is "registration".
func (Registration) Name() string { return "registration" }

// Judge looks at the keys that were missing and for how long.
func (o Registration) Judge(r *record.Record) record.Verdict {
	if len(r.Keys) == 0 {
		return notAsked(o, "no keys were looked at")
	}
	for _, k := range r.Keys {
		if len(k.Foreign) > 0 {
			return failed(o, "%s: key %s, which is not the manager's, was gone; %s", k.Cluster, k.Foreign[0], r.Situation(k.Cluster, k.At))
		}
	}
	var t tally
	for _, cluster := range r.Clusters {
		c, ok := circumstancesOf(r, cluster)
		if !ok {
			continue
		}
		for _, stretch := range missingStretches(r, cluster.Name, c.judged.to) {
			stretch.origin = max(stretch.origin, c.judged.from)
			t.judge(c, []tooth{stretch}, registrationLaw(r, c))
		}
	}
	switch {
	case t.broken:
		return failed(o, "%s", t.evidence(r))
	case !t.judged:
		return passed(o, "no key was missing")
	}
	return passed(o, "%s", t.margin())
}

func registrationLaw(r *record.Record, c circumstances) law {
	b := r.Bounds()
	calm := limit{b.Registered(), "registration"}
	failover := limit{b.Registered() + b.Failover(), "registration and failover"}
	return func(at time.Duration) (limit, bool) {
		switch {
		case !c.judged.holds(at) || c.lost.hold(at):
			return limit{}, false
		case c.hurt.hold(at):
			return failover, true
		}
		return calm, true
	}
}

// missingStretches is a tooth for each time that an own key was missing until it was back, or until the end.
func missingStretches(r *record.Record, cluster string, until time.Duration) []tooth {
	var stretches []tooth
	since := map[string]int{} // the key's stretch that has not ended
	for _, k := range r.Keys {
		if k.Cluster != cluster || k.At >= until {
			continue
		}
		still := map[string]int{}
		for _, key := range k.Missing {
			i, open := since[key]
			if !open {
				i = len(stretches)
				stretches = append(stretches, tooth{from: k.At, to: until, origin: k.At, what: missingKey{key, k.At}})
			}
			still[key] = i
		}
		for key, i := range since {
			if _, missing := still[key]; !missing {
				stretches[i].to = k.At
			}
		}
		since = still
	}
	return stretches
}

type missingKey struct {
	key   string
	since time.Duration
}

func (m missingKey) String() string {
	return fmt.Sprintf("own key %s was missing (since %s)", m.key, record.Stamp(m.since))
}
