package oracle

import "github.com/stormwatch/stormwatch/harness/record"

// Isolation requires that a fault in one cluster does not affect the view of another: a view must not become staler than allowed, see
// [record.Record.Allowed], while other clusters have a fault and its own has none.
type Isolation struct{}

// Name is "isolation".
func (Isolation) Name() string { return "isolation" }

// Judge compares the staleness of clusters without a fault with what is allowed, while another cluster has a fault.
func (o Isolation) Judge(r *record.Record) record.Verdict {
	t := judgeStaleness(r, true)
	switch {
	case t.broken:
		return failed(o, t.first.cluster, t.first.at, "while only others had a fault, %s", t.evidence(r))
	case !t.judged:
		return notAsked(o, "no cluster was hurt while another was left alone")
	}
	return passed(o, "%s", t.margin())
}
