package shrink

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// needsNoFault is the cause of a failure that happens also if everything is healed before anything has begun.
func needsNoFault(s schedule.Schedule) Cause {
	text := "No healing prevents it: the failure needs no fault."
	if len(s.Steps) > 0 { // the limit was reached, so that there are steps although none is needed
		text = "No healing prevents it: it happens without any of the steps."
	}
	return Cause{Text: text, Kind: "no fault"}
}

// happened is something that a schedule did before the instant of the cause.
type happened struct {
	text, kind string // in the sentence, and in the key
	cluster    string
	from, to   time.Duration
	// counts says that it was in force, or had just begun.
	counts bool
}

// explain puts the cause into words. from is an instant of the schedule.
func explain(s schedule.Schedule, r *harness.Result, from time.Duration) Cause {
	rec := r.Record
	at := rec.ManagerReady + from
	var all []happened
	for _, f := range rec.Faults {
		if f.From < at {
			// A fault that ends at this instant is the one that is healed.
			all = append(all, happened{f.Text, kindOf(rec, f), f.Scope.Cluster, f.From, f.To, f.To < 0 || f.To >= at || justBegun(f.From, at)})
		}
	}
	for _, rest := range rec.Rests {
		if rest.From < at && restedBySchedule(s, rec, rest) {
			all = append(all, happened{"Rest(" + rest.Cluster + ")", "Rest", rest.Cluster, rest.From, rest.To, rest.To < 0 || rest.To >= at || justBegun(rest.From, at)})
		}
	}
	all = append(all, reloads(s, rec, from)...)
	slices.SortStableFunc(all, func(a, b happened) int { return int(a.from - b.from) })

	told := slices.DeleteFunc(slices.Clone(all), func(h happened) bool { return !h.counts })
	over := len(told) == 0
	if over {
		last := time.Duration(-1)
		for _, h := range all {
			last = max(last, h.to)
		}
		told = slices.DeleteFunc(all, func(h happened) bool { return h.to != last })
	}
	cause := Cause{From: from}
	var clusters, situation, what, kinds []string
	for _, h := range told {
		if !slices.Contains(clusters, h.cluster) {
			clusters = append(clusters, h.cluster)
			situation = append(situation, rec.Places(h.cluster, at))
		}
		switch {
		case justBegun(h.from, at):
			what = append(what, h.text+" just begun")
		case !over:
			what = append(what, fmt.Sprintf("%s in force for %s", h.text, seconds(at-h.from)))
		case h.to-h.from < precision:
			what = append(what, fmt.Sprintf("%s %s before", h.text, seconds(at-h.from)))
		default:
			what = append(what, fmt.Sprintf("%s over for %s", h.text, seconds(at-h.to)))
		}
		if !slices.Contains(kinds, h.kind) {
			kinds = append(kinds, h.kind)
		}
	}
	if len(told) == 0 {
		situation = append(situation, rec.Places(s.Clusters[0].Name, at))
		kinds = append(kinds, "no fault")
	}
	cause.Text = fmt.Sprintf("From %s on (%s in the transcript) healing everything no longer prevents it: %s.",
		seconds(from), record.Stamp(at), strings.Join(append(situation, what...), ", "))
	cause.Kind = strings.Join(kinds, " and ")
	if over && len(told) > 0 {
		cause.Kind = "after " + cause.Kind
	}
	return cause
}

// justBegun says whether something that began at an instant had just begun at another: the search for the cause has found the begin of its step.
func justBegun(from, at time.Duration) bool { return at-from <= 2*moment }

// reloads are the reloads that the schedule carried out before an instant.
func reloads(s schedule.Schedule, rec *record.Record, before time.Duration) []happened {
	var managed []string
	for _, c := range s.Clusters {
		managed = append(managed, c.Name)
	}
	var list []happened
	for _, step := range s.Steps {
		apply, ok := step.Action.(schedule.Apply)
		if !ok || step.At >= before {
			continue
		}
		added, removed := missing(apply.Names, managed), missing(managed, apply.Names)
		kind := "a reload of the same clusters"
		switch {
		case len(added) > 0 && len(removed) > 0:
			kind = "a reload that exchanges clusters"
		case len(added) > 0:
			kind = "a reload that adds a cluster"
		case len(removed) > 0:
			kind = "a reload that removes a cluster"
		}
		cluster := append(append(removed, added...), apply.Names...)[0]
		managed = apply.Names
		at := rec.ManagerReady + step.At
		list = append(list, happened{apply.String(), kind, cluster, at, at, justBegun(at, rec.ManagerReady+before)})
	}
	return list
}

// missing are the names of one list that another does not contain.
func missing(from, in []string) []string {
	return slices.DeleteFunc(slices.Clone(from), func(name string) bool { return slices.Contains(in, name) })
}

// restedBySchedule says whether a rest on record is one of the schedule. The harness rests the load of all clusters at the end.
func restedBySchedule(s schedule.Schedule, rec *record.Record, rest record.Rest) bool {
	return rest.From < rec.ManagerReady+s.End() && slices.ContainsFunc(s.Steps, func(step schedule.Step) bool {
		return step.Action.String() == schedule.Rest{Cluster: rest.Cluster}.String()
	})
}

var memberOf = regexp.MustCompile(`[^\s\[\](),]+/m[0-9]+`)

// kindOf is a fault without its arguments but with its members by what they were when it began: "HangDisk on the watched leader".
func kindOf(rec *record.Record, f record.Fault) string {
	parsed, err := fault.Parse(f.Text)
	if err != nil { // the fault was switched on from outside
		return f.Kind()
	}
	at := f.From - 1 // what the fault itself changes at once does not count
	if m, one := parsed.Member(); one {
		return parsed.Name() + " on " + roleOf(rec, m.Cluster, m.Member, at)
	}
	group, _, found := strings.Cut(f.Text, "],")
	if !found {
		return parsed.Name()
	}
	var roles []string
	for _, name := range memberOf.FindAllString(group, -1) {
		cluster, member, _ := strings.Cut(name, "/")
		if role := roleOf(rec, cluster, member, at); !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return parsed.Name() + " of " + strings.Join(roles, ", ")
}

// roleOf is what a member was at an instant.
func roleOf(rec *record.Record, cluster, member string, at time.Duration) string {
	watched := slices.Contains(rec.WatchedAt(cluster, at), member)
	leader := rec.LeaderAt(cluster, at)
	c, _ := rec.Cluster(cluster)
	switch {
	case len(c.Members) == 1:
		return "the only member"
	case watched && leader == member:
		return "the watched leader"
	case watched:
		return "the watched member"
	case leader == member:
		return "the leader"
	case leader == "":
		return "a member"
	}
	return "a follower"
}

// seconds prints a time as the sentence does: to a tenth of a second.
func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }
