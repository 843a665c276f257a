package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// NewRun makes what is kept of a run. schedule is the text of its schedule, empty for a scenario.
func NewRun(r *harness.Result, schedule string) Run {
	run := Run{
		Format: Format, Scenario: r.Scenario, Engine: r.Engine, Manager: r.Manager, Workload: r.Workload, Seed: r.Seed, Outcome: r.Outcome,
		Cause: r.Cause, MaxStaleness: ms(r.MaxStaleness), Wall: ms(r.Wall), Virtual: ms(r.Virtual), Verdicts: r.Verdicts, Schedule: schedule,
		Again: r.Again,
	}
	if run.Verdicts == nil {
		run.Verdicts = []record.Verdict{}
	}
	if r.Bound > 0 {
		run.Recovery, run.Bound = -1, ms(r.Bound)
		if r.Recovery >= 0 {
			run.Recovery = ms(r.Recovery)
		}
	}
	if r.Record != nil && len(r.Record.Clusters) > 0 {
		run.Record = newRecord(r.Record)
		for _, v := range r.Failed() {
			if v.At > 0 {
				run.Record.Violations = append(run.Record.Violations, Violation{ms(v.At), v.Cluster, v.Oracle})
			}
		}
		slices.SortStableFunc(run.Record.Violations, func(a, b Violation) int { return cmp.Compare(a.At, b.At) })
	}
	return run
}

// ms is a time in milliseconds, to the microsecond. A negative one, which says that something never happened, is -1.
func ms(d time.Duration) float64 {
	if d < 0 {
		return -1
	}
	return float64(d.Round(time.Microsecond).Microseconds()) / 1000
}

func newRecord(r *record.Record) *Record {
	out := &Record{
		End: ms(r.End), Clusters: []Cluster{}, Leaders: []Leader{}, Beliefs: []Belief{}, Faults: []Fault{}, Watches: watches(r), Commits: []Commit{},
		Views: []View{}, Healths: []Health{}, Errors: []Error{}, Staleness: []Staleness{}, Violations: []Violation{}, Transcript: []Entry{},
	}
	for _, c := range r.Clusters {
		out.Clusters = append(out.Clusters, Cluster{c.Name, c.Members})
	}
	for _, l := range r.Leaders {
		out.Leaders = append(out.Leaders, Leader{ms(l.At), l.Cluster, l.Member, l.Term})
	}
	for _, b := range r.Beliefs {
		out.Beliefs = append(out.Beliefs, Belief{ms(b.At), b.Cluster, b.Member, b.Leads, b.Down, b.Term})
	}
	for _, f := range r.Faults {
		out.Faults = append(out.Faults, Fault{
			f.Text, f.Scope.Cluster, touched(r, f.Scope), ms(f.From), ms(f.To), f.Allowance.Name, ms(f.Allowance.Recovery), ms(f.Allowance.Lasting),
		})
	}
	for _, c := range r.Commits {
		out.Commits = append(out.Commits, Commit{ms(c.At), c.Cluster, c.Subject.String(), c.Value, c.Revision})
	}
	for _, v := range r.Views {
		changes := make([]string, len(v.Changes))
		for i, c := range v.Changes {
			changes[i] = c.String()
		}
		out.Views = append(out.Views, View{ms(v.At), v.Cluster, v.Revision, changes})
	}
	for _, h := range r.Healths {
		out.Healths = append(out.Healths, Health{ms(h.At), h.Cluster, string(h.Claim)})
	}
	for _, e := range r.Errors {
		out.Errors = append(out.Errors, Error{ms(e.At), e.Cluster, e.Text, ms(e.Idle)})
	}
	for _, t := range r.Tenures {
		if r.Until(t) >= t.From {
			out.Staleness = append(out.Staleness, staleness(r, t))
		}
	}
	for _, e := range r.Events(record.TranscriptOptions{}) {
		out.Transcript = append(out.Transcript, Entry{ms(e.At), e.Cluster, e.Member, e.Text})
	}
	return out
}

// touched are the members that a fault touches: all of the cluster's, if it names none.
func touched(r *record.Record, s record.Scope) []string {
	if len(s.Members) > 0 {
		return s.Members
	}
	c, _ := r.Cluster(s.Cluster)
	return slices.DeleteFunc(append([]string{}, c.Members...), func(m string) bool { return slices.Contains(c.Gone, m) })
}

// watches are the manager's watches, in the order in which they were opened, with what it said before it opened one in place of another.
func watches(r *record.Record) []Watch {
	out := []Watch{}
	sorted := slices.SortedStableFunc(slices.Values(r.Watches), func(a, b record.Watch) int { return cmp.Compare(a.Opened, b.Opened) })
	for i, w := range sorted {
		out = append(out, Watch{w.Cluster, w.Member, w.Key, ms(w.Opened), ms(w.Closed), why(r, sorted[:i], w)})
	}
	return out
}

// why is the last error of the manager's view of the cluster since the watch before this one on the same key was opened.
func why(r *record.Record, earlier []record.Watch, w record.Watch) (said string) {
	i := slices.IndexFunc(earlier, func(e record.Watch) bool { return e.Cluster == w.Cluster && e.Key == w.Key })
	if i < 0 {
		return ""
	}
	var since time.Duration
	for _, e := range earlier {
		if e.Cluster == w.Cluster && e.Key == w.Key {
			since = e.Opened
		}
	}
	for _, e := range r.Errors {
		if e.Cluster == w.Cluster && since < e.At && e.At <= w.Opened {
			said = e.Text
		}
	}
	return said
}

func staleness(r *record.Record, t record.Tenure) Staleness {
	out := Staleness{Cluster: t.Cluster, From: ms(t.From), To: ms(r.Until(t)), Points: [][2]float64{}, Limits: []Limit{}}
	for _, p := range r.Staleness(t) {
		out.Points = append(out.Points, [2]float64{ms(p.At), ms(p.Staleness)})
	}
	for _, l := range r.Allowed(t) {
		limit := Limit{From: ms(l.From), To: ms(l.To), Any: l.Any, Why: l.Why}
		if !l.Any {
			limit.Max = ms(l.Max)
		}
		if n := len(out.Limits); n > 0 && out.Limits[n-1].Any == limit.Any && out.Limits[n-1].Max == limit.Max && out.Limits[n-1].Why == limit.Why {
			out.Limits[n-1].To = limit.To // nothing changed
			continue
		}
		out.Limits = append(out.Limits, limit)
	}
	return out
}
