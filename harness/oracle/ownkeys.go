package oracle

import (
	"fmt"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// OwnKeys requires that a manager's own keys exist in each cluster that it can reach, and that the manager does not touch the keys of others:
//
//   - Each own key exists within [bound.Bounds.Start] of the begin of the tenure, or [bound.Bounds.Registered] later if a fault takes its lease meanwhile.
//   - After that, no own key is missing for longer than [bound.Bounds.Registered] without a break. Each key is judged by itself. [Leaks]
//     judges whether the keys are gone after Close.
//   - Time in which any staleness is allowed, because of a fault or a loss, does not count. When it ends, the key has its whole bound again.
//   - No own key disappears after a whole TTL of its lease in which nothing was wrong with the cluster: a lease is refreshed before it expires. Where
//     [bound.Timing.Slack] says that the machine may stall, that may cost a lease, and this is not judged.
//   - A key of others must never be missing.
//   - No own key may disappear while another manager of the same world closes, since that manager has deleted it.
type OwnKeys struct{}

// Name is "own keys".
func (OwnKeys) Name() string { return "own keys" }

// Judge compares how long keys were missing with what is allowed.
func (o OwnKeys) Judge(r *record.Record) record.Verdict {
	if len(r.Keys) == 0 {
		return notAsked(o, "the manager keeps no keys, and there are none of others to be touched")
	}
	for _, k := range r.Keys {
		if len(k.Foreign) > 0 {
			return failed(o, k.Cluster, k.At, "%s: key %s, which is not the manager's, was gone at %s%s; %s",
				k.Cluster, k.Foreign[0], record.Stamp(k.At), closing(r, k.At), r.Situation(k.Cluster, k.At))
		}
	}
	for _, c := range allCircumstances(r) {
		for _, s := range missingStretches(r, c) {
			if other := closer(r, c, s); other != nil {
				return failed(o, c.cluster, s.from, "%s: own key %s was gone at %s, when manager %d had closed (from %s to %s); %s", c.cluster, s.key, record.Stamp(s.from),
					other.Manager, record.Stamp(other.From), record.Stamp(other.To), r.Situation(c.cluster, s.from))
			}
		}
	}
	t, lapse := judgeOwnKeys(r), firstLapse(r)
	switch {
	case t.broken:
		return failed(o, t.first.cluster, t.first.at, "%s", t.evidence(r))
	case lapse != nil:
		return failed(o, lapse.cluster, lapse.at, "%s: %s; %s", lapse.cluster, lapse.text, r.Situation(lapse.cluster, lapse.at))
	case !t.judged:
		return passed(o, "no key was missing")
	}
	return passed(o, "%s", t.margin())
}

// firstLapse is the first own key that disappeared although nothing had been wrong for as long as its lease lives; nil if there is none. The
// harness looks once in an election timeout, so the key was found missing up to that much later.
func firstLapse(r *record.Record) *violation {
	if r.Timing.Slack > 0 || r.Timing.LeaseTTL == 0 {
		return nil
	}
	for _, c := range allCircumstances(r) {
		for _, s := range missingStretches(r, c) {
			calm := span{s.from - r.Timing.LeaseTTL - r.Timing.Election - r.Bounds().Calm(), s.from}
			if !s.first && c.calm(calm) {
				return &violation{cluster: c.cluster, at: s.from, text: fmt.Sprintf(
					"own key %s disappeared at %s, after more than its lease of %s in which nothing was wrong: the lease was not refreshed in time",
					s.key, record.Stamp(s.from), brief(r.Timing.LeaseTTL))}
			}
		}
	}
	return nil
}

// judgeOwnKeys compares how long each own key was missing with what is allowed.
func judgeOwnKeys(r *record.Record) (t findings) {
	for _, c := range allCircumstances(r) {
		for _, s := range missingStretches(r, c) {
			allowed := limit{r.Bounds().Registered(), "to stand again after its lease was lost"}
			if s.first {
				allowed = limit{r.StartBound(c.cluster), "to stand after the start"}
				if mayHaveLostItsLease(r, c, s) {
					allowed = limit{r.StartBound(c.cluster) + r.Bounds().Registered(), "to stand after the start, when its lease was lost"}
				}
			}
			for _, piece := range s.pieces(c) {
				t.judge(c, []segment{piece}, func(at time.Duration) (limit, bool) {
					now, ok := c.at(at)
					return allowed, ok && !s.excused(now)
				})
			}
		}
	}
	return t
}

// mayHaveLostItsLease says whether a fault may have taken the lease of the key before it was seen for the first time. The harness looks at the keys once in an election
// timeout, so the key may have stood for a moment.
func mayHaveLostItsLease(r *record.Record, c circumstances, s stretch) bool {
	return slices.ContainsFunc(r.Faults, func(f record.Fault) bool {
		return f.Scope.Cluster == c.cluster && f.Scope.Revokes && c.tenure.From <= f.From && f.From <= s.to
	})
}

// closing says that an instant was after Close was called, if it was.
func closing(r *record.Record, at time.Duration) string {
	if r.ManagerClose < 0 || at < r.ManagerClose {
		return ""
	}
	return fmt.Sprintf(", after Close was called at %s", record.Stamp(r.ManagerClose))
}

// stretch is a time in which a key was missing. It is the first if the key was missing when the harness first checked the keys of the
// tenure.
type stretch struct {
	key      string
	from, to time.Duration
	first    bool
}

// closer is another manager's closing when the key disappeared; nil if there is none. The harness looks once in an election timeout, so the key was found
// missing up to that much later. If a fault may have revoked the lease shortly before, nobody knows who did it.
func closer(r *record.Record, c circumstances, s stretch) *record.Closing {
	if l, ok := c.at(s.from); s.first || !ok || l.Any {
		return nil
	}
	found := r.Timing.Election + r.Bounds().Calm()
	if slices.ContainsFunc(r.Faults, func(f record.Fault) bool {
		return f.Scope.Cluster == c.cluster && f.Scope.Revokes && f.From <= s.from && s.from <= r.Ended(f.To)+found
	}) {
		return nil
	}
	for _, other := range r.Closings {
		if other.From < s.from && s.from <= other.To+found {
			return &other
		}
	}
	return nil
}

// excused says whether the time of a limit does not count. For the first stretch the start counts, since its bound includes the start.
func (s stretch) excused(l record.Limit) bool { return l.Any && !(s.first && l.Start) }

// pieces splits a stretch into segments: a new segment, with height zero, begins at the end of each time that does not count.
func (s stretch) pieces(c circumstances) []segment {
	piece := segment{from: s.from, origin: s.from, what: missingKey{s.key, s.from}}
	if s.first {
		piece.origin = c.tenure.From
	}
	var pieces []segment
	for _, l := range c.limits {
		if s.excused(l) && s.from < l.To && l.To < s.to {
			piece.to = l.To
			pieces = append(pieces, piece)
			piece.from, piece.origin = l.To, l.To
		}
	}
	piece.to = s.to
	return append(pieces, piece)
}

// missingStretches returns the times in which own keys were missing in a tenure.
func missingStretches(r *record.Record, c circumstances) []stretch {
	var stretches []stretch
	open := map[string]int{} // by key, the stretch that has not ended
	for n, k := range keysOf(r, c) {
		still := map[string]int{}
		for _, key := range k.Missing {
			i, missing := open[key]
			if !missing {
				i = len(stretches)
				stretches = append(stretches, stretch{key: key, from: k.At, to: c.until, first: n == 0})
			}
			still[key] = i
		}
		for key, i := range open {
			if _, missing := still[key]; !missing {
				stretches[i].to = k.At
			}
		}
		open = still
	}
	return stretches
}

// keysOf returns the changes of the keys in a tenure. The first look in each tenure is on record.
func keysOf(r *record.Record, c circumstances) []record.Keys {
	return slices.DeleteFunc(slices.Clone(r.Keys), func(k record.Keys) bool {
		return k.Cluster != c.cluster || k.At < c.tenure.From || k.At >= c.until
	})
}

type missingKey struct {
	key   string
	since time.Duration
}

func (m missingKey) String() string {
	return fmt.Sprintf("own key %s was missing (since %s)", m.key, record.Stamp(m.since))
}
