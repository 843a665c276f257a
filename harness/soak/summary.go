package soak

// Summary is what came of a soak, or of several shards of one. Except for Speed it depends on the runs alone, and not on how they were shared among
// machines. Times are in milliseconds.
type Summary struct {
	Version int    `json:"version"`
	Manager string `json:"manager"`
	Engine  string `json:"engine"`
	// Schedules is the number of runs, Virtual how long they took together by the engine's clock.
	Schedules int     `json:"schedules"`
	Virtual   float64 `json:"virtual_ms"`
	// Situations is how many different situations were reached.
	Situations int      `json:"situations"`
	Outcomes   Outcomes `json:"outcomes"`
	// Failures are the groups of failures with the same oracle and the same kind of cause. Unexplained are the further ones whose cause was not looked
	// for, because one of the same oracle was explained in their island.
	Failures    []Group       `json:"failures"`
	Unexplained []Unexplained `json:"unexplained"`
	// Gone are the groups that are known and did not occur. It is nil unless [Summary.Compare] was called.
	Gone []string `json:"gone"`
	// Unjudged are the runs that were not judged, or not asked, by the first line of the cause.
	Unjudged   []Unjudged      `json:"unjudged"`
	Recoveries []FaultRecovery `json:"recoveries"`
	Bounds     []BoundUse      `json:"bounds"`
	Speed      Speed           `json:"speed"`
}

// Outcomes count the runs by outcome.
type Outcomes struct {
	Passed    int `json:"passed"`
	Failed    int `json:"failed"`
	NotJudged int `json:"not_judged"`
	NotAsked  int `json:"not_asked"`
}

// Speed is how fast the runs were made.
type Speed struct {
	// Elapsed is how long the shard ran that ran the longest, Busy how long all runs took together, as if one worker had made them all.
	Elapsed float64 `json:"elapsed_ms"`
	Busy    float64 `json:"busy_ms"`
	// PerSecond is the number of runs a second, that of all shards added up. PerWorker is the number a second and worker.
	PerSecond float64 `json:"per_second"`
	PerWorker float64 `json:"per_worker_second"`
}

// Group is the failures with the same oracle and the same kind of cause.
type Group struct {
	// Key names the group, in the file of those that are known too.
	Key    string `json:"key"`
	Oracle string `json:"oracle"`
	Kind   string `json:"kind"`
	// Count is how many runs failed so. The other fields are of the one with the smallest seed.
	Count int    `json:"count"`
	Seed  uint64 `json:"seed"`
	// Evidence is the first line of the evidence, Cause the cause in a sentence; it is empty if none was found.
	Evidence string `json:"evidence"`
	Cause    string `json:"cause,omitempty"`
	// File is the shrunk schedule, in the directory of the soak.
	File   string `json:"file,omitempty"`
	Again  string `json:"again"`
	Status Status `json:"status,omitempty"`
}

// Status says whether a group of failures is known.
type Status string

// The statuses. A group of which nobody has asked has none.
const (
	New   Status = "new"
	Known Status = "known"
)

// Unexplained counts the failures of an oracle whose cause was not looked for.
type Unexplained struct {
	Oracle string `json:"oracle"`
	Count  int    `json:"count"`
}

// Unjudged counts the runs that say nothing about the manager for the same reason.
type Unjudged struct {
	Cause string `json:"cause"`
	Count int    `json:"count"`
	// Seed is the smallest seed, and Again the command that makes its run again.
	Seed  uint64 `json:"seed"`
	Again string `json:"again"`
}

// FaultRecovery says how long views took to be fresh again after a fault.
type FaultRecovery struct {
	// Fault is the kind of the fault, with the word healed if the recoveries are those from its end.
	Fault string `json:"fault"`
	// N is how many recoveries were measured, Late how many of them were not over within the allowance. Late ones count as longer than all others; a
	// quantile that is one of them is null.
	N    int      `json:"n"`
	Late int      `json:"late"`
	P50  *float64 `json:"p50_ms"`
	P90  *float64 `json:"p90_ms"`
	P99  *float64 `json:"p99_ms"`
	Max  *float64 `json:"max_ms"`
	// Allowance is the largest allowance, and Used the largest fraction of its own allowance that a recovery took which was not late.
	Allowance float64 `json:"allowance_ms"`
	Used      float64 `json:"used"`
}

// BoundUse says how near the runs came to a bound: P50 and Max are fractions of it.
type BoundUse struct {
	Bound string  `json:"bound"`
	N     int     `json:"n"`
	P50   float64 `json:"p50"`
	Max   float64 `json:"max"`
	// Approached says that some run used at least half of the bound. One that no run approaches may be too generous.
	Approached bool `json:"approached"`
}

// approached is the fraction of a bound from which on it counts as approached.
const approached = 0.5

// New are the keys of the groups that are not known.
func (s *Summary) New() (keys []string) {
	for _, g := range s.Failures {
		if g.Status == New {
			keys = append(keys, g.Key)
		}
	}
	return keys
}
