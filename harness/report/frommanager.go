package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// newManaged is what the manager of a record did and showed. Its violations are added by [Record.violated].
func newManaged(r *record.Record) Managed {
	out := Managed{
		Watches: watches(r), Views: []View{}, Healths: []Health{}, Errors: []Error{}, Claims: claims(r), Staleness: []Staleness{}, Violations: []Violation{},
	}
	for _, v := range r.Views {
		changes := make([]string, len(v.Changes))
		for i, c := range v.Changes {
			changes[i] = c.String()
		}
		out.Views = append(out.Views, View{ms(v.At), v.Cluster, v.Revision, changes})
	}
	for _, h := range r.Healths {
		out.Healths = append(out.Healths, Health{ms(h.At), h.Cluster, string(h.Claim)})
	}
	for _, e := range r.Errors {
		out.Errors = append(out.Errors, Error{ms(e.At), e.Cluster, e.Text, ms(e.Idle)})
	}
	for _, k := range r.Keys {
		out.Keys = append(out.Keys, Keys{ms(k.At), k.Cluster, k.Own, k.Missing, k.Foreign})
	}
	for _, t := range r.Tenures {
		if r.Until(t) >= t.From {
			out.Staleness = append(out.Staleness, staleness(r, t))
		}
	}
	return out
}

// violated adds the instant at which the evidence of a failed verdict begins, if it has one, to those of the manager that it is about.
func (r *Record) violated(v record.Verdict) {
	if v.At <= 0 {
		return
	}
	of := &r.Managed
	if i := slices.IndexFunc(r.Others, func(o Other) bool { return o.Number == v.Manager }); i >= 0 {
		of = &r.Others[i].Managed
	}
	of.Violations = append(of.Violations, Violation{ms(v.At), v.Cluster, v.Oracle})
	slices.SortStableFunc(of.Violations, func(a, b Violation) int { return cmp.Compare(a.At, b.At) })
}

// claims are the times in which the manager claimed to own something, in the order in which they began.
func claims(r *record.Record) (out []Claim) {
	for _, o := range r.Owned {
		to := r.OwnedUntil(o)
		if to >= r.End {
			to = -1
		}
		out = append(out, Claim{o.Cluster, o.Thing.String(), o.Key, lease(o.Lease), ms(o.From), ms(to)})
	}
	return out
}

// holdings are the keys of owners and of those who wait, in the order in which they appeared.
func holdings(r *record.Record) (out []Holding) {
	for _, h := range r.Holdings {
		out = append(out, Holding{h.Cluster, thing(r, h.Key), h.Key, lease(h.Lease), ms(h.From), ms(h.To), h.Member})
	}
	return out
}

// thing is the thing that a key is for: claims tell which prefix of keys belongs to which thing.
func thing(r *record.Record, key string) string {
	i := slices.IndexFunc(r.Things, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
	if i < 0 {
		return key
	}
	for _, manager := range append([]*record.Record{r}, r.Others...) {
		for _, o := range manager.Owned {
			if strings.HasPrefix(o.Key, r.Things[i]) {
				return o.Thing.String()
			}
		}
	}
	return r.Things[i]
}

// lease prints the id of a lease as transcripts do. It has 64 bits, more than a number in JavaScript.
func lease(id int64) string { return fmt.Sprintf("%x", id) }

// watches are the manager's watches, in the order in which they were opened, with what it said before it opened one in place of another.
func watches(r *record.Record) []Watch {
	out := []Watch{}
	sorted := slices.SortedStableFunc(slices.Values(r.Watches), func(a, b record.Watch) int { return cmp.Compare(a.Opened, b.Opened) })
	for i, w := range sorted {
		out = append(out, Watch{w.Cluster, w.Member, w.Key, ms(w.Opened), ms(w.Closed), why(r, sorted[:i], w)})
	}
	return out
}

// why is the last error of the manager's view of the cluster since the watch before this one on the same key was opened.
func why(r *record.Record, earlier []record.Watch, w record.Watch) (said string) {
	i := slices.IndexFunc(earlier, func(e record.Watch) bool { return e.Cluster == w.Cluster && e.Key == w.Key })
	if i < 0 {
		return ""
	}
	var since time.Duration
	for _, e := range earlier {
		if e.Cluster == w.Cluster && e.Key == w.Key {
			since = e.Opened
		}
	}
	for _, e := range r.Errors {
		if e.Cluster == w.Cluster && since < e.At && e.At <= w.Opened {
			said = e.Text
		}
	}
	return said
}

func staleness(r *record.Record, t record.Tenure) Staleness {
	out := Staleness{Cluster: t.Cluster, From: ms(t.From), To: ms(r.Until(t)), Points: [][2]float64{}, Limits: []Limit{}}
	for _, p := range r.Staleness(t) {
		out.Points = append(out.Points, [2]float64{ms(p.At), ms(p.Staleness)})
	}
	for _, l := range r.Allowed(t) {
		limit := Limit{From: ms(l.From), To: ms(l.To), Any: l.Any, Why: l.Why}
		if !l.Any {
			limit.Max = ms(l.Max)
		}
		if n := len(out.Limits); n > 0 && out.Limits[n-1].Any == limit.Any && out.Limits[n-1].Max == limit.Max && out.Limits[n-1].Why == limit.Why {
			out.Limits[n-1].To = limit.To // nothing changed
			continue
		}
		out.Limits = append(out.Limits, limit)
	}
	return out
}
