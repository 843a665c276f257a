package oracle

import (
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Isolation requires that one cluster's trouble does not reach another: while a fault is on some cluster, the views of those
// that have none, and had none for [bound.Bounds.Failover], stay within [bound.Bounds.Calm]. Freshness requires as much; that
// it fails here says that a fault on one cluster goes with it.
type Isolation struct{}

// Name is "isolation".
func (Isolation) Name() string { return "isolation" }

// Judge holds the staleness of the clusters that were left alone against the calm bound.
func (o Isolation) Judge(r *record.Record) record.Verdict {
	var t tally
	for _, cluster := range r.Clusters {
		if c, ok := circumstancesOf(r, cluster); ok {
			t.judge(c, stalenessTeeth(r, cluster.Name), isolationLaw(r, c))
		}
	}
	switch {
	case t.broken:
		return failed(o, "while only others had a fault, %s", t.evidence(r))
	case !t.judged:
		return notAsked(o, "no cluster was hurt while another was left alone")
	}
	return passed(o, "%s", t.margin())
}

func isolationLaw(r *record.Record, c circumstances) law {
	calm := limit{r.Bounds().Calm(), "calm"}
	return func(at time.Duration) (limit, bool) {
		asked := c.judged.holds(at) && c.elsewhere.hold(at) && !c.hurt.hold(at)
		return calm, asked
	}
}
