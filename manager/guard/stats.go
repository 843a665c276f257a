package guard

import (
	"maps"
	"sync"
)

// Why a reader left its member, or did not attach to it: the keys of [Counts.Reattaches].
const (
	ReasonBroken      = "broken"       // the stream or the connection broke
	ReasonNotAttached = "not-attached" // the snapshot read or the creation of the watch failed
	ReasonIdle        = "idle"         // silent for the idle timeout
	ReasonStale       = "stale"        // did not deliver what a probe through another member showed
	ReasonCompacted   = "compacted"    // the revision to resume at was compacted
	ReasonQuarantine  = "quarantine"   // another watch found the member silent or stale
	ReasonRestored    = "restored"     // its cluster was restored from a backup
)

// What a probe showed: the keys of [Counts.Probes].
const (
	ProbeComplete   = "complete"   // the watch had delivered everything
	ProbeNewer      = "newer"      // something that the watch had not delivered yet
	ProbePast       = "past"       // a revision older than one seen before, or another cluster
	ProbeUnanswered = "unanswered" // no answer within the probe timeout
)

// Stats counts what happens to watches. The zero value is ready; several clients may share one.
type Stats struct {
	// From reattaches on, mu guards the fields.
	mu         sync.Mutex
	reattaches map[string]uint64
	probes     map[string]uint64
}

// Counts are the counts of [Stats]. Every reason and every outcome is a key, also with a count of zero.
type Counts struct {
	// Reattaches is how often a reader left its member or did not attach to it, by reason.
	Reattaches map[string]uint64
	// Probes is how many probes ended, by outcome.
	Probes map[string]uint64
}

// Counts returns a copy of the counts. It does not block.
func (s *Stats) Counts() Counts {
	c := Counts{
		Reattaches: map[string]uint64{
			ReasonBroken: 0, ReasonNotAttached: 0, ReasonIdle: 0, ReasonStale: 0, ReasonCompacted: 0, ReasonQuarantine: 0,
			ReasonRestored: 0,
		},
		Probes: map[string]uint64{ProbeComplete: 0, ProbeNewer: 0, ProbePast: 0, ProbeUnanswered: 0},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(c.Reattaches, s.reattaches)
	maps.Copy(c.Probes, s.probes)
	return c
}

func (s *Stats) reattached(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reattaches == nil {
		s.reattaches = make(map[string]uint64)
	}
	s.reattaches[reason]++
}

func (s *Stats) probed(outcome string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.probes == nil {
		s.probes = make(map[string]uint64)
	}
	s.probes[outcome]++
}
