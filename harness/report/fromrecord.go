package report

import (
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
			run.Record.violated(v)
		}
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
		End: ms(r.End), Clusters: []Cluster{}, Leaders: []Leader{}, Beliefs: []Belief{}, Faults: faults(r), Commits: []Commit{},
		Managed: newManaged(r), Holdings: holdings(r), Transcript: []Entry{},
	}
	for _, other := range r.Others {
		out.Others = append(out.Others, Other{other.Manager, newManaged(other)})
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
	for _, c := range r.Commits {
		out.Commits = append(out.Commits, Commit{ms(c.At), c.Cluster, c.Subject.String(), c.Value, c.Revision})
	}
	for _, e := range r.Events(record.TranscriptOptions{}) {
		out.Transcript = append(out.Transcript, Entry{ms(e.At), e.Cluster, e.Member, e.Text})
	}
	return out
}

// faults are the faults of all managers, in the order in which they began. The record of a manager says of a fault that is aimed at another one only that it
// was there; that one's record says what it affected.
func faults(r *record.Record) []Fault {
	out := []Fault{}
	for i, f := range r.Faults {
		for _, other := range r.Others {
			if f.Scope.Manager == other.Manager && i < len(other.Faults) {
				f = other.Faults[i]
			}
		}
		out = append(out, Fault{
			f.Text, f.Scope.Cluster, touched(r, f.Scope), ms(f.From), ms(f.To), f.Scope.Manager, f.Allowance.Name, ms(f.Allowance.Recovery), ms(f.Allowance.Lasting),
		})
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
