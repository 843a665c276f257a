package lanes

import (
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness/report"
)

// sceneOf works out what the picture of a run shows. Clusters that were hurt come first, the others after them, each in the order of the run.
func sceneOf(run report.Run) scene {
	r := run.Record
	if r == nil {
		return scene{end: 1}
	}
	s := scene{end: max(r.End, 1)}
	for _, c := range r.Clusters {
		s.clusters = append(s.clusters, clusterOf(r, c, s.end))
	}
	slices.SortStableFunc(s.clusters, func(a, b clusterLanes) int {
		switch {
		case a.quiet == b.quiet:
			return 0
		case b.quiet:
			return -1
		}
		return 1
	})
	if len(s.clusters) > manyClusters {
		for i := range s.clusters {
			s.clusters[i].fold()
		}
	}
	s.marks = marksOf(run)
	return s
}

// manyClusters is the largest number of clusters whose lanes are all drawn. With more, a quiet cluster has only its staleness.
const manyClusters = 3

func (cl *clusterLanes) fold() {
	if cl.quiet {
		cl.members, cl.things, cl.commits = nil, nil, nil
		for i, m := range cl.managers {
			cl.managers[i] = managerLanes{number: m.number, curve: m.curve, limits: m.limits}
		}
		cl.note += "; only its staleness is drawn"
	}
}

// managersOf are the managers of a run by their numbers. A single manager has no number.
func managersOf(r *report.Record) (all []report.Other) {
	if len(r.Others) == 0 {
		return []report.Other{{Managed: r.Managed}}
	}
	return append([]report.Other{{Number: 1, Managed: r.Managed}}, r.Others...)
}

// marksOf are the instants that stand out. Violations of several oracles at one instant are one mark.
func marksOf(run report.Run) (marks []mark) {
	for _, manager := range managersOf(run.Record) {
		number := manager.Number
		if number == 1 {
			number = 0 // its violations may also be those of the run as a whole
		}
		for _, v := range manager.Violations {
			i := slices.IndexFunc(marks, func(m mark) bool { return m.at == v.At && m.cluster == v.Cluster && m.manager == number })
			switch {
			case i < 0:
				marks = append(marks, mark{at: v.At, is: "violation", cluster: v.Cluster, manager: number, text: "✗ " + v.Oracle})
			case !strings.Contains(marks[i].text, v.Oracle):
				marks[i].text += ", " + v.Oracle
			}
		}
	}
	for i := range marks {
		marks[i].text += " " + at(marks[i].at)
	}
	if c := run.Inevitable; c != nil {
		marks = append(marks, mark{at: c.At, is: "cause", text: "◆ inevitable from here on"})
	}
	return marks
}

func clusterOf(r *report.Record, c report.Cluster, end float64) clusterLanes {
	cl := clusterLanes{name: c.Name}
	managers := managersOf(r)
	for _, f := range r.Faults {
		if f.Cluster == c.Name {
			cl.hurts = append(cl.hurts, hurtBy(f, len(managers) > 1, end))
		}
	}
	for _, name := range c.Members {
		cl.members = append(cl.members, memberOf(r, managers, c.Name, name, end))
	}
	for _, commit := range r.Commits {
		if commit.Cluster == c.Name {
			cl.commits = append(cl.commits, commit.At)
		}
	}
	cl.things = thingsOf(r, managers, c.Name, end)
	cl.quiet = len(cl.hurts) == 0
	for _, m := range managers {
		lanes := cl.managed(m, end)
		cl.managers = append(cl.managers, lanes)
		cl.quiet = cl.quiet && len(lanes.over) == 0
	}
	for _, t := range cl.things {
		cl.quiet = cl.quiet && len(t.wrong) == 0
	}
	cl.note = cl.summary()
	return cl
}

// summary is what is written beside the name of a cluster.
func (cl clusterLanes) summary() string {
	var faults []string
	for _, h := range cl.hurts {
		if !slices.Contains(faults, h.fault) {
			faults = append(faults, h.fault)
		}
	}
	switch {
	case len(faults) == 0:
		return "no fault here"
	case len(faults) > 4:
		return strings.Join(faults[:4], ", ") + ", …"
	}
	return strings.Join(faults, ", ")
}

// ended is the end of something that lasts to the end of the run if its end is negative.
func ended(to, end float64) float64 {
	if to < 0 {
		return end
	}
	return to
}

// memberOf works out the lane of a member: its roles from what it believed and whom a majority followed.
func memberOf(r *report.Record, managers []report.Other, cluster, name string, end float64) memberLane {
	m := memberLane{name: name}
	edges := []float64{end}
	for _, l := range r.Leaders {
		if l.Cluster == cluster {
			edges = append(edges, l.At)
		}
	}
	var beliefs []report.Belief
	for _, b := range r.Beliefs {
		if b.Cluster == cluster && b.Member == name {
			beliefs = append(beliefs, b)
			edges = append(edges, b.At)
		}
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	for i := 1; i < len(edges); i++ {
		during := span{edges[i-1], edges[i]}
		if is, ok := roleOf(r, beliefs, cluster, name, during); ok {
			if n := len(m.roles); n > 0 && m.roles[n-1].is == is.is && m.roles[n-1].to == during.from {
				m.roles[n-1].to = during.to
				continue
			}
			m.roles = append(m.roles, is)
		}
	}
	for _, f := range r.Faults {
		if f.Cluster == cluster && touches(f, name) {
			m.hurts = append(m.hurts, hurtBy(f, len(managers) > 1, end))
		}
	}
	for _, manager := range managers {
		var sits []span
		for _, w := range manager.Watches {
			if w.Cluster == cluster && w.Member == name {
				sits = append(sits, span{w.Opened, ended(w.Closed, end)})
			}
		}
		m.sits = append(m.sits, united(sits))
	}
	return m
}

// roleOf is what a member was in a time in which nothing changed. It is false if nothing is known of the member yet.
func roleOf(r *report.Record, beliefs []report.Belief, cluster, name string, during span) (role, bool) {
	leader := ""
	for _, l := range r.Leaders {
		if l.Cluster == cluster && l.At <= during.from {
			leader = l.Member
		}
	}
	var last *report.Belief
	for i := range beliefs {
		if beliefs[i].At <= during.from {
			last = &beliefs[i]
		}
	}
	switch {
	case last == nil && leader != name:
		return role{}, false
	case last != nil && last.Down:
		return role{span: during, is: down, words: "down", short: "down"}, true
	case leader == name:
		return role{span: during, is: leads, words: "leads", short: "leads"}, true
	case last.Leads:
		return role{span: during, is: believes, words: "still believes it leads", short: "believes"}, true
	}
	return role{span: during, is: follows, words: "follows", short: "follows"}, true
}

// united joins spans that touch each other.
func united(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	var list []span
	for _, s := range spans {
		if n := len(list); n > 0 && s.from <= list[n-1].to {
			list[n-1].to = max(list[n-1].to, s.to)
			continue
		}
		list = append(list, s)
	}
	return list
}
