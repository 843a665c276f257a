package oracle

import "github.com/stormwatch/stormwatch/harness/record"

// Freshness requires that a view is never staler than allowed at that instant, see [record.Record.Allowed]. [Isolation] judges a view that
// becomes too stale while other clusters have a fault and its own has none.
type Freshness struct{}

// Name is "freshness".
func (Freshness) Name() string { return "freshness" }

// Judge compares the staleness in every tenure with what is allowed.
func (o Freshness) Judge(r *record.Record) record.Verdict {
	t := judgeStaleness(r, false)
	switch {
	case t.broken:
		return failed(o, t.first.cluster, t.first.at, "%s", t.evidence(r))
	case !t.judged:
		return notAsked(o, "the manager never had a cluster for longer than its start and its recoveries")
	}
	return passed(o, "%s", t.margin())
}
