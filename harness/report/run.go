package report

import "github.com/stormwatch/stormwatch/harness/record"

// Format names the form in which a [Run] is written. Within version 1 fields may be added; none is renamed, removed or given another meaning.
const Format = "stormwatch.run/1"

// Run is one run as it is kept for later: what was run, what came of it, and what happened. Its JSON is stable and described in docs/record-format.md.
//
// Instants are milliseconds since the world began, by the engine's clock; lengths are milliseconds too. An end that never came is negative.
type Run struct {
	Format   string `json:"format"`
	Scenario string `json:"scenario"`
	Engine   string `json:"engine"`
	Manager  string `json:"manager"`
	Workload string `json:"workload"`
	Seed     uint64 `json:"seed"`
	// Outcome is "passed", "failed", "not asked" or "not judged". Cause says why the run was not judged, or why it had nothing to ask.
	Outcome record.Outcome `json:"outcome"`
	Cause   string         `json:"cause,omitempty"`
	// Recovery is the longest recovery that was measured, and Bound how long it was allowed to take. Both are zero if none was. Recovery is negative if the
	// view was not fresh again in time.
	Recovery float64 `json:"recovery_ms,omitempty"`
	Bound    float64 `json:"bound_ms,omitempty"`
	// MaxStaleness is the largest staleness of any cluster's view after it was complete for the first time.
	MaxStaleness float64 `json:"max_staleness_ms,omitempty"`
	// Wall is how long the run took by the wall clock, Virtual how long by the engine's clock. Where time is real, they differ only by the time before and
	// after the world.
	Wall     float64          `json:"wall_ms,omitempty"`
	Virtual  float64          `json:"virtual_ms,omitempty"`
	Verdicts []record.Verdict `json:"verdicts"`
	// Schedule is the text of the schedule that was run; empty for a scenario. Again is the command that makes the run again.
	Schedule string `json:"schedule,omitempty"`
	Again    string `json:"again,omitempty"`
	// Inevitable is since when the failure was inevitable, if the run was shrunk to find that out.
	Inevitable *Inevitable `json:"inevitable,omitempty"`
	// Record is nil if the run has none, because it could not be made.
	Record *Record `json:"record,omitempty"`
}

// Inevitable is the earliest instant from which healing everything no longer prevents a failure, and one sentence about it.
type Inevitable struct {
	At   float64 `json:"at_ms"`
	Text string  `json:"text"`
}

// Record is what happened in a run, as far as a picture of it needs that.
type Record struct {
	End      float64   `json:"end_ms"`
	Clusters []Cluster `json:"clusters"`
	// Leaders are the members that a majority followed, each from an instant on. Beliefs are what members believed of themselves.
	Leaders []Leader `json:"leaders"`
	Beliefs []Belief `json:"beliefs"`
	Faults  []Fault  `json:"faults"`
	Commits []Commit `json:"commits"`
	// Managed is what the first manager did and showed. Others are the further managers of the same world, in the order of their numbers.
	Managed
	Others []Other `json:"others,omitempty"`
	// Holdings are the keys of those who own a thing or wait to own it, each with the time in which it stood.
	Holdings   []Holding `json:"holdings,omitempty"`
	Transcript []Entry   `json:"transcript"`
}

// Cluster is a cluster and all members that it ever had.
type Cluster struct {
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

// Leader is the member that a majority followed from an instant on. Member is empty if there was none.
type Leader struct {
	At      float64 `json:"at_ms"`
	Cluster string  `json:"cluster"`
	Member  string  `json:"member,omitempty"`
	Term    uint64  `json:"term,omitempty"`
}

// Belief is what a member believed about itself from an instant on: that it leads, in which term. Down says that it did not run.
type Belief struct {
	At      float64 `json:"at_ms"`
	Cluster string  `json:"cluster"`
	Member  string  `json:"member"`
	Leads   bool    `json:"leads,omitempty"`
	Down    bool    `json:"down,omitempty"`
	Term    uint64  `json:"term,omitempty"`
}

// Fault is a fault, as fault.Parse reads it, and the members that it touched. To is negative if it lasted until the end. Manager is the number of the only
// manager that it affected; zero if it affected all.
//
// Bound is the name of what it allowed: that the view was fresh again after Recovery, counted from its begin and again from its end, and Lasting staler than
// usual for as long as it lasted. See package bound.
type Fault struct {
	Text    string   `json:"text"`
	Cluster string   `json:"cluster"`
	Members []string `json:"members"`
	From    float64  `json:"from_ms"`
	To      float64  `json:"to_ms"`
	Manager int      `json:"manager,omitempty"`

	Bound    string  `json:"bound,omitempty"`
	Recovery float64 `json:"recovery_ms,omitempty"`
	Lasting  float64 `json:"lasting_ms,omitempty"`
}

// Commit is an update that was committed.
type Commit struct {
	At       float64 `json:"at_ms"`
	Cluster  string  `json:"cluster"`
	Subject  string  `json:"subject"`
	Value    string  `json:"value,omitempty"`
	Revision int64   `json:"revision,omitempty"`
}

// Entry is one line of the transcript.
type Entry struct {
	At      float64 `json:"at_ms"`
	Cluster string  `json:"cluster,omitempty"`
	Member  string  `json:"member,omitempty"`
	Text    string  `json:"text"`
}
