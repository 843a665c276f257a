package oracle

import (
	"fmt"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Honesty requires that View always returns at once: it neither blocks for longer than [bound.Bounds.Look] nor panics.
type Honesty struct{}

// Name is "honesty".
func (Honesty) Name() string { return "honesty" }

// Judge reports the calls that blocked or panicked.
func (o Honesty) Judge(r *record.Record) record.Verdict {
	if len(r.Answers) == 0 {
		if len(r.Tenures) == 0 {
			return notAsked(o, "the manager never had a cluster")
		}
		return passed(o, "every call of View answered within %v", r.Bounds().Look())
	}
	first := r.Answers[0]
	evidence := fmt.Sprintf("at %s: %s", record.Stamp(first.At), first.Problem)
	if first.Cluster != "" {
		evidence = fmt.Sprintf("%s: %s; %s", first.Cluster, evidence, r.Situation(first.Cluster, first.At))
	}
	if n := len(r.Answers); n > 1 {
		evidence += fmt.Sprintf("; %d such answers in all", n)
	}
	return failed(o, "%s", evidence)
}
