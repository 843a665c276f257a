// Package oracle judges a run by what it left behind.
//
//	ledger  ──┐
//	views   ──┤                 ┌─ passed: "worst 180ms of 650ms allowed (beta)"
//	faults  ──┼─► record ─► oracle
//	watches ──┤                 └─ FAILED: what, when, where, who led, where the watch sat
//	leaders ──┘
//
// An oracle is a pure function of a finished [record.Record]. It never looks at a living world, so it cannot race with one,
// and a history written by hand tests it as well as a run does. What may take how long comes from the record's bounds.
//
// A verdict is for a reader who was not there: a failing one shows the first violation and the worst, a passing one how
// close it came. An oracle whose question the run never put passes, and says "not asked" and why.
package oracle

import (
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Oracle is one property that every run is judged by.
type Oracle interface {
	// Name is what the property is called in verdicts.
	Name() string
	// Judge looks at the record and nothing else, and changes nothing in it.
	Judge(*record.Record) record.Verdict
}

// All are the oracles, in the order in which verdicts are printed.
func All() []Oracle {
	return []Oracle{Freshness{}, NoWayBack{}, NothingLost{}, Isolation{}, IdleTimeout{}, Registration{}, Leaks{}}
}

func passed(o Oracle, format string, args ...any) record.Verdict {
	return record.Verdict{Oracle: o.Name(), Passed: true, Evidence: fmt.Sprintf(format, args...)}
}

func failed(o Oracle, format string, args ...any) record.Verdict {
	return record.Verdict{Oracle: o.Name(), Evidence: fmt.Sprintf(format, args...)}
}

// notAsked is the verdict of an oracle whose question the run did not put.
func notAsked(o Oracle, why string) record.Verdict { return passed(o, "not asked: %s", why) }

// brief prints a length of time to the millisecond, and the shortest ones whole.
func brief(d time.Duration) string {
	if d < 10*time.Millisecond {
		return d.String()
	}
	return d.Round(time.Millisecond).String()
}

// of prints how much of a limit was used. A violation by less than a millisecond is printed to the nanosecond, or it would
// read as none.
func of(used, limit time.Duration) string {
	if used > limit && brief(used) == brief(limit) {
		return fmt.Sprintf("%v of %v allowed", used, limit)
	}
	return fmt.Sprintf("%s of %s allowed", brief(used), brief(limit))
}

// plural counts things in words.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
