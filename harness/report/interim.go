package report

import "github.com/stormwatch/stormwatch/harness/record"

// Run stands in for the type that branch results has; the merge of that branch replaces it.
type Run struct {
	Format                              string `json:"format"`
	Scenario, Engine, Manager, Workload string
	Seed                                uint64
	Outcome                             record.Outcome
	Cause                               string
	Verdicts                            []record.Verdict
	Recovery, Bound                     float64
	Schedule, Again                     string
	Inevitable                          *Inevitable
	Record                              *Record
}

type Inevitable struct {
	At   float64
	Text string
}

type Record struct {
	End        float64
	Clusters   []Cluster
	Leaders    []Leader
	Beliefs    []Belief
	Faults     []Fault
	Watches    []Watch
	Commits    []Commit
	Views      []View
	Healths    []Health
	Staleness  []Staleness
	Violations []Violation
	Transcript []Entry
}

type Cluster struct {
	Name    string
	Members []string
}
type Leader struct {
	At              float64
	Cluster, Member string
	Term            uint64
}
type Belief struct {
	At              float64
	Cluster, Member string
	Leads, Down     bool
	Term            uint64
}
type Fault struct {
	Text     string
	Cluster  string
	Members  []string
	From, To float64
}
type Watch struct {
	Cluster, Member, Key string
	Opened, Closed       float64
	Why                  string
}
type Commit struct {
	At      float64
	Cluster string
}
type View struct {
	At      float64
	Cluster string
}
type Health struct {
	At             float64
	Cluster, Claim string
}
type Staleness struct {
	Cluster  string
	From, To float64
	Points   [][2]float64
	Limits   []Limit
}
type Limit struct {
	From, To float64
	Any      bool
	Max      float64
	Why      string
}
type Violation struct {
	At              float64
	Cluster, Oracle string
}
type Entry struct {
	At              float64
	Cluster, Member string
	Text            string
}
