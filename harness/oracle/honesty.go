package oracle

import (
	"fmt"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Honesty requires two things:
//
//   - View always returns at once: it neither blocks for longer than [bound.Bounds.Look] nor panics.
//   - A view that claims to be up to date is no staler than [record.Record.Allowed] allows; while the manager is cut off from all members, no staler than
//     [bound.Bounds.CutOff]. A manager that says anything of its health also claims to be up to date at some time when nothing is wrong.
type Honesty struct{}

// Name is "honesty".
func (Honesty) Name() string { return "honesty" }

// Judge reports the calls that blocked or panicked, and the claims that were not true.
func (o Honesty) Judge(r *record.Record) record.Verdict {
	lied, claimed := lies(r)
	switch {
	case len(r.Answers) > 0:
		return failed(o, r.Answers[0].Cluster, r.Answers[0].At, "%s", badAnswers(r))
	case len(lied) > 0:
		return firstAndWorst(o, r, lied)
	case len(r.Tenures) == 0:
		return notAsked(o, "the manager never had a cluster")
	case !claimed:
		return passed(o, "every call of View answered within %v; the manager says nothing of its health", r.Bounds().Look())
	}
	return passed(o, "every call of View answered within %v, and no stale view claimed to be up to date", r.Bounds().Look())
}

func badAnswers(r *record.Record) string {
	first := r.Answers[0]
	evidence := fmt.Sprintf("at %s: %s", record.Stamp(first.At), first.Problem)
	if first.Cluster != "" {
		evidence = fmt.Sprintf("%s: %s; %s", first.Cluster, evidence, r.Situation(first.Cluster, first.At))
	}
	if n := len(r.Answers); n > 1 {
		evidence += fmt.Sprintf("; this is the first of %d such answers", n)
	}
	return evidence
}
