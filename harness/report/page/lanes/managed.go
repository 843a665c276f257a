package lanes

import (
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness/report"
)

// managed works out the lanes of a manager in the cluster, whose members are known.
func (cl *clusterLanes) managed(manager report.Other, end float64) managerLanes {
	m := managerLanes{number: manager.Number}
	var tenures []span
	for _, s := range manager.Staleness {
		if s.Cluster == cl.name {
			m.measure(s)
			tenures = append(tenures, span{s.From, s.To})
		}
	}
	for _, w := range manager.Watches {
		if w.Cluster == cl.name {
			m.attach(w, cl.members, end)
		}
	}
	slices.SortStableFunc(m.watches, func(a, b watchLane) int { return strings.Compare(a.key, b.key) })
	healths := slices.DeleteFunc(slices.Clone(manager.Healths), func(h report.Health) bool { return h.Cluster != cl.name })
	for i, h := range healths {
		to := end
		if i+1 < len(healths) {
			to = healths[i+1].At
		}
		for _, tenure := range tenures {
			m.claim(h.Claim, span{h.At, to}.and(tenure))
		}
	}
	for _, v := range manager.Views {
		if v.Cluster == cl.name {
			m.seen = append(m.seen, v.At)
		}
	}
	m.keys = keysOf(manager.Keys, cl.name, tenures, end)
	m.still = stills(m.seen, m.curve)
	return m
}

// attach adds a watch, and the faults on its member while it sat there.
func (m *managerLanes) attach(w report.Watch, members []memberLane, end float64) {
	sat := sitting{span: span{w.Opened, ended(w.Closed, end)}, member: w.Member, why: w.Why}
	lane := m.sit(w.Key, sat)
	for _, member := range members {
		for _, h := range member.hurts {
			another := h.manager > 0 && m.number > 0 && h.manager != m.number
			if shared := h.and(sat.span); member.name == w.Member && shared.length() > 0 && !another {
				h.span = shared
				lane.hurts = append(lane.hurts, h)
			}
		}
	}
}

// sit adds a watch to a lane of its key: the first one on which none is open at that time.
func (m *managerLanes) sit(key string, sat sitting) *watchLane {
	i := slices.IndexFunc(m.watches, func(l watchLane) bool { return l.key == key && l.sits[len(l.sits)-1].to <= sat.from })
	if i < 0 {
		m.watches = append(m.watches, watchLane{key: key})
		i = len(m.watches) - 1
	}
	m.watches[i].sits = append(m.watches[i].sits, sat)
	return &m.watches[i]
}

// claim adds what the manager said of its view for a time.
func (m *managerLanes) claim(claim string, during span) {
	if claim != "" && during.length() > 0 {
		m.says = append(m.says, role{span: during, is: strings.ReplaceAll(claim, " ", "-"), words: claim, short: claim})
	}
}

// keysOf says when the manager's own keys stood in a cluster and when some were missing, and when keys of others were gone. It is empty if the manager
// keeps none there, and all of others stood. Own keys count only while the manager has the cluster.
func keysOf(all []report.Keys, cluster string, tenures []span, end float64) (list []role) {
	looks := slices.DeleteFunc(slices.Clone(all), func(k report.Keys) bool { return k.Cluster != cluster })
	for i, k := range looks {
		during := span{k.At, end}
		if i+1 < len(looks) {
			during.to = looks[i+1].At
		}
		if len(k.Foreign) > 0 {
			list = append(list, role{span: during, is: "foreign", words: "keys of others are gone: " + strings.Join(k.Foreign, ", "), short: "others' gone"})
			continue
		}
		if i := slices.IndexFunc(tenures, func(t span) bool { return t.from <= k.At && k.At < t.to }); i >= 0 {
			during.to = min(during.to, tenures[i].to)
		} else {
			continue
		}
		switch {
		case len(k.Missing) > 0:
			list = append(list, role{span: during, is: "missing", words: "missing: " + strings.Join(k.Missing, ", "), short: "missing"})
		case k.Own > 0:
			list = append(list, role{span: during, is: "stand", words: "stand", short: "stand"})
		}
	}
	return list
}
