package oracle

import (
	"fmt"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// claims are the times of a tenure in which the manager claimed the same of its view.
type claim struct {
	span
	claim record.Claim
}

func claimsOf(r *record.Record, c circumstances) []claim {
	all := []claim{{span: span{c.tenure.From, c.until}}}
	for _, h := range r.Healths {
		if h.Cluster != c.cluster || h.At < c.tenure.From || h.At >= c.until {
			continue
		}
		all[len(all)-1].to = h.At
		all = append(all, claim{span: span{h.At, c.until}, claim: h.Claim})
	}
	return all
}

// lies returns a violation for the first time in each tenure in which the manager claimed that a view was up to date which was too stale, and for
// each tenure in which it never claimed so although all was well.
func lies(r *record.Record) (wrong []violation, claimed bool) {
	for _, c := range allCircumstances(r) {
		claims := claimsOf(r, c)
		said := false
		for _, one := range claims {
			said = said || one.claim != record.ClaimsNothing
		}
		if !said || c.unseen {
			continue
		}
		claimed = true
		if v, found := firstLie(r, c, claims); found {
			wrong = append(wrong, v)
		}
		if v, found := neverWell(r, c, claims); found {
			wrong = append(wrong, v)
		}
	}
	return wrong, claimed
}

// firstLie finds the first instant at which the view was staler than a manager may overlook while it claimed to be up to date.
func firstLie(r *record.Record, c circumstances, claims []claim) (violation, bool) {
	for _, s := range stalenessSegments(r, c.tenure) {
		if s.flat {
			continue
		}
		for _, one := range claims {
			from, to := max(s.from, one.from), min(s.to, one.to)
			if one.claim != record.ClaimsUpToDate || from >= to {
				continue
			}
			for _, l := range c.limits {
				limit, named := overlooked(r, l)
				at := max(from, l.From, s.origin+limit)
				if limit < 0 || at >= min(to, l.To) {
					continue
				}
				return violation{cluster: c.cluster, at: at, text: fmt.Sprintf(
					"from %s to %s the view claimed to be up to date, but %s; a manager must not overlook that for longer than %s (%s)%s",
					record.Stamp(one.from), record.Stamp(one.to), s.what, brief(limit), named, showedInstead(r, c.cluster, s.what, at))}, true
			}
		}
	}
	return violation{}, false
}

// overlooked is how stale a view may be that claims to be up to date: as stale as a view may be at all. While any staleness is allowed because the
// manager is cut off from all members, it must have noticed that in time. Negative: nothing is asked then.
func overlooked(r *record.Record, l record.Limit) (time.Duration, string) {
	switch {
	case !l.Any:
		return l.Max, l.Why
	case l.Of == record.LostReach:
		return r.Bounds().CutOff(), "cut off, since " + l.Why
	}
	return -1, ""
}

// neverWell says whether the manager never claimed to be up to date in a tenure in which the view was fresh, without a break and with no recovery under
// way, for longer than a failover.
func neverWell(r *record.Record, c circumstances, claims []claim) (violation, bool) {
	for _, one := range claims {
		if one.claim == record.ClaimsUpToDate {
			return violation{}, false
		}
	}
	points := r.Staleness(c.tenure)
	for _, l := range c.limits {
		stale := slices.ContainsFunc(points, func(p record.Point) bool { return l.From <= p.At && p.At <= l.To && p.Staleness > l.Max })
		if long := l.To - l.From; !l.Any && !stale && long > r.Bounds().Failover() {
			return violation{cluster: c.cluster, at: l.To, text: fmt.Sprintf(
				"the view never claimed to be up to date, not even from %s to %s, when nothing was wrong", record.Stamp(l.From), record.Stamp(l.To))}, true
		}
	}
	return violation{}, false
}
