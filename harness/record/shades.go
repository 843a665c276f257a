package record

import (
	"slices"
	"strings"
	"time"
)

// The words for how stale a view is, compared with what is allowed.
const (
	staleNot     = "fresh"
	staleQuarter = "stale under 25%"
	staleHalf    = "stale under 50%"
	staleMost    = "stale under 100%"
	staleOver    = "stale over"
	staleExcused = "stale while lost"
)

// shade is an instant from which a view is so stale, compared with what is allowed.
type shade struct {
	at    time.Duration
	stale string
}

// shades are the changes of how stale a tenure's view is. Where any staleness is allowed for a recovery, it is compared with the length of that time;
// where it is allowed because a quorum or the reach is lost, it is not compared.
func (r *Record) shades(t Tenure) []shade {
	limits := r.Allowed(t)
	var shades []shade
	at := 0
	for _, p := range r.Staleness(t) {
		for at < len(limits)-1 && limits[at].To < p.At {
			at++
		}
		if at >= len(limits) {
			break
		}
		stale := compare(p.Staleness, limits, at, r.Bounds().Calm())
		if n := len(shades); n == 0 || shades[n-1].stale != stale {
			shades = append(shades, shade{p.At, stale})
		}
	}
	return shades
}

// compare puts a staleness into words. Up to calm a view is fresh, since every update makes it that stale until it is shown.
func compare(staleness time.Duration, limits []Limit, at int, calm time.Duration) string {
	l := limits[at]
	allowed := l.Max
	switch {
	case l.Of != "":
		return staleExcused
	case l.Any:
		from, to := at, at
		for from > 0 && limits[from-1].Any && limits[from-1].Of == "" {
			from--
		}
		for to < len(limits)-1 && limits[to+1].Any && limits[to+1].Of == "" {
			to++
		}
		allowed = limits[to].To - limits[from].From
	}
	switch {
	case staleness <= calm:
		return staleNot
	case staleness > allowed:
		return staleOver
	case 4*staleness < allowed:
		return staleQuarter
	case 2*staleness < allowed:
		return staleHalf
	}
	return staleMost
}

// classOrder are the classes of faults, the worst for a manager first.
var classOrder = []string{"hung", "cut", "dead", "stuck", "uninformed", "unreachable", "silenced", "closed", "revokes", "read-only", "lagging", "other", "calm"}

// class says what a fault takes from its cluster, as far as its scope says it.
func class(f Fault) string {
	s := f.Scope
	switch {
	case len(s.Crippled) > 0 && len(s.Unreachable) > 0:
		return "dead"
	case len(s.Crippled) > 0:
		return "hung"
	case len(s.Cut) > 0:
		return "cut"
	case len(s.Stuck) > 0:
		return "stuck"
	case len(s.Unreachable) > 0:
		return "unreachable"
	case len(s.Uninformed) > 0:
		return "uninformed"
	case len(s.Silenced) > 0 || len(s.Unasked) > 0:
		return "silenced"
	case s.Closed:
		return "closed"
	case s.Revokes:
		return "revokes"
	case s.ReadOnly:
		return "read-only"
	case len(s.Lagging) > 0:
		return "lagging"
	}
	return "other"
}

// worst is the worst class of these faults; "calm" if there are none.
func worst(faults []Fault) string {
	most := len(classOrder) - 1
	for _, f := range faults {
		most = min(most, slices.Index(classOrder, class(f)))
	}
	return classOrder[most]
}

// errorKind is the kind of an error that a view reports, by the words that etcd and gRPC use.
func errorKind(e ViewError) string {
	if e.Idle > 0 {
		return "idle"
	}
	text := strings.ToLower(e.Text)
	for _, kind := range [][2]string{
		{"compacted", "compacted"},
		{"no leader", "no leader"},
		{"auth", "auth"},
		{"token", "auth"},
		{"certificate", "certificate"},
		{"lease", "lease"},
		{"stale", "stale"},
		{"deadline", "deadline"},
		{"timed out", "deadline"},
		{"unavailable", "unavailable"},
		{"refused", "unavailable"},
		{"canceled", "canceled"},
	} {
		if strings.Contains(text, kind[0]) {
			return kind[1]
		}
	}
	return "other"
}
