// Package oracle judges a manager by the record of a run.
//
//	ledger  ──┐
//	views   ──┤                 ┌─ passed: "worst 180ms of 650ms allowed (beta)"
//	faults  ──┼─► record ─► oracle
//	watches ──┤                 └─ FAILED: what, when, where, who led, where the watch was
//	leaders ──┘
//
// An oracle is a pure function of a finished [record.Record]. It does not look at the running world, so it cannot race with one,
// and it can be tested with histories written by hand. How long something may take follows from the record's bounds.
//
// A verdict must be understood without having seen the run. A failed one describes the first violation and the worst, a passed one how
// close the run came to a violation. If a run gives an oracle nothing to judge, the verdict is "not asked" and says why.
package oracle

import (
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Oracle is one property that every run is judged by.
type Oracle interface {
	// Name is the name of the property in verdicts.
	Name() string
	// Judge returns the verdict on a record. It uses nothing but the record and does not change it.
	Judge(*record.Record) record.Verdict
}

// All returns the oracles, in the order in which verdicts are printed.
func All() []Oracle {
	return []Oracle{
		Load{}, Promises{}, Freshness{}, NoWayBack{}, NothingLost{}, Isolation{}, IdleTimeout{}, OwnKeys{}, OneOwner{}, Leaks{}, Gentleness{}, Honesty{},
	}
}

// Judge returns the verdicts of all oracles on the record of the first manager of a world. Each manager is judged by itself, and the verdict of an
// oracle is the worst: that on the first manager for which it failed. [OneOwner] judges all managers together.
func Judge(r *record.Record) []record.Verdict {
	var verdicts []record.Verdict
	for _, o := range All() {
		v := o.Judge(r)
		if _, joint := o.(OneOwner); !joint {
			for _, other := range r.Others {
				if also := o.Judge(other); weight[also.Outcome] > weight[v.Outcome] {
					v = also
					v.Manager = other.Manager
					v.Evidence = fmt.Sprintf("manager %d: %s", other.Manager, v.Evidence)
				}
			}
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// weight orders the outcomes of an oracle's verdicts on several managers.
var weight = map[record.Outcome]int{record.NotAsked: 0, record.Passed: 1, record.NotJudged: 2, record.Failed: 3}

func passed(o Oracle, format string, args ...any) record.Verdict {
	return record.Verdict{Oracle: o.Name(), Outcome: record.Passed, Evidence: fmt.Sprintf(format, args...)}
}

// failed is the verdict on a property that was violated in a cluster at an instant, or first then.
func failed(o Oracle, cluster string, at time.Duration, format string, args ...any) record.Verdict {
	return record.Verdict{Oracle: o.Name(), Outcome: record.Failed, Evidence: fmt.Sprintf(format, args...), Cluster: cluster, At: at}
}

// notAsked is the verdict of an oracle that does not apply to the manager, or that the run gave nothing to judge.
func notAsked(o Oracle, why string) record.Verdict {
	return record.Verdict{Oracle: o.Name(), Outcome: record.NotAsked, Evidence: why}
}

// brief prints a duration, rounded to the millisecond if it is 10 ms or longer.
func brief(d time.Duration) string {
	if d < 10*time.Millisecond {
		return d.String()
	}
	return d.Round(time.Millisecond).String()
}

// of prints how much of a limit was used. If rounding would hide that the limit was exceeded, it prints nanoseconds.
func of(used, limit time.Duration) string {
	if used > limit && brief(used) == brief(limit) {
		return fmt.Sprintf("%v of %v allowed", used, limit)
	}
	return fmt.Sprintf("%s of %s allowed", brief(used), brief(limit))
}

// plural prints a number with the right form of the noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
