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

// roughly says less: whether a view is fresh, stale, or staler than allowed.
func roughly(stale string) string {
	switch stale {
	case staleNot, staleOver:
		return stale
	}
	return "stale"
}

// shade is an instant from which a view is so stale, compared with what is allowed.
type shade struct {
	at    time.Duration
	stale string
}

// shades are the changes of how stale a tenure's view is. Where any staleness is allowed for a recovery, it is compared with the length of that time;
// where it is allowed because a quorum or the reach is lost, it is not compared.
func (r *Record) shades(t Tenure) []shade {
	limits := r.Allowed(t)
	if len(limits) == 0 {
		return nil
	}
	allowed := make([]time.Duration, len(limits))
	for i := range limits {
		allowed[i] = allowance(limits, i)
	}
	calm := r.Bounds().Calm()
	var shades []shade
	look := func(at, staleness time.Duration, i int) {
		stale := staleExcused
		if limits[i].Of == "" {
			stale = compare(staleness, allowed[i], calm)
		}
		if n := len(shades); n == 0 || shades[n-1].stale != stale {
			shades = append(shades, shade{at, stale})
		}
	}
	points := r.Staleness(t)
	i := 0
	for n, p := range points {
		if n == 0 {
			continue
		}
		// Staleness rises with time up to p. It passes from one word to the next where it crosses a threshold, or where the limit changes.
		for from := points[n-1].At; from < p.At; {
			for i < len(limits)-1 && limits[i].To <= from {
				i++
			}
			to := min(p.At, max(limits[i].To, from+1))
			last := p.Staleness - (p.At - to)
			look(from+1, last-(to-from)+1, i)
			for _, threshold := range []time.Duration{calm, allowed[i] / 4, allowed[i] / 2, allowed[i]} {
				if crossed := to - (last - threshold); crossed > from && crossed < to {
					look(crossed+1, threshold+1, i)
				}
			}
			from = to
		}
		look(p.At, p.Staleness, i)
	}
	return shades
}

// allowance is the staleness with which that under a limit is compared: if any is allowed, the length of the time in which it is.
func allowance(limits []Limit, at int) time.Duration {
	if !limits[at].Any {
		return limits[at].Max
	}
	recovers := func(i int) bool { return limits[i].Any && limits[i].Of == "" }
	from, to := at, at
	for from > 0 && recovers(from-1) {
		from--
	}
	for to < len(limits)-1 && recovers(to+1) {
		to++
	}
	return limits[to].To - limits[from].From
}

// compare puts a staleness into words. Up to calm a view is fresh, since every update makes it that stale until it is shown.
func compare(staleness, allowed, calm time.Duration) string {
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
