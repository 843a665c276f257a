package lanes

import (
	"regexp"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness/report"
)

const (
	memberHigh = 22
	roleHigh   = 14 // the upper part of a member's lane: what it believes itself to be
	sitsHigh   = 4  // the lower part: whether a watch of the manager sits on it
)

// span is a time in which something was so.
type span struct{ from, to float64 }

func (s span) length() float64 { return s.to - s.from }

// and is the time that two spans share. Its length is negative if they share none.
func (s span) and(other span) span { return span{max(s.from, other.from), min(s.to, other.to)} }

// role is what a member is for a time.
type role struct {
	span
	is    string // a class of the style sheet
	words string // what it is, in words
	short string
}

// The roles.
const (
	leads    = "leads"
	believes = "believes"
	follows  = "follows"
	down     = "down"
)

// hurt is a fault on one member.
type hurt struct {
	span
	fault   string // the fault as an expression
	word    string // what it makes of the member, in a word: "hung"
	pattern string // the pattern that shows it
	manager int    // the number of the only manager that it affects; zero if it affects all
}

// hurts says what the kinds of faults make of a member, and with which pattern that is drawn. A kind that is not here has its own name for a word.
var hurts = map[string]struct{ word, pattern string }{
	"HangDisk":             {"hung", "hung"},
	"HangApply":            {"stuck", "hung"},
	"SlowDisk":             {"slow", "slow"},
	"SlowApply":            {"slow", "slow"},
	"SlowLink":             {"slow", "slow"},
	"DelayClients":         {"slow", "slow"},
	"DelayManager":         {"slow", "slow"},
	"DelayWatch":           {"slow", "slow"},
	"Defragment":           {"stalled", "slow"},
	"Freeze":               {"frozen", "frozen"},
	"Isolate":              {"cut off", "cut"},
	"Partition":            {"cut off", "cut"},
	"PartitionOneWay":      {"cut off one way", "cut"},
	"LoseQuorum":           {"down", "cut"},
	"Blackhole":            {"unreachable", "unreachable"},
	"BlackholeManager":     {"unreachable", "unreachable"},
	"HalfOpen":             {"half open", "unreachable"},
	"Refuse":               {"refusing", "unreachable"},
	"Reset":                {"reset", "unreachable"},
	"MisadvertiseMember":   {"wrongly advertised", "unreachable"},
	"Kill":                 {"killed", "dead"},
	"FailDisk":             {"dead", "dead"},
	"DropProgress":         {"silent", "muted"},
	"DropProgressRequests": {"silent", "muted"},
	"DropWatchCreate":      {"ignoring new watches", "muted"},
	"WithholdEvents":       {"withholding events", "muted"},
	"DropKeepAlives":       {"not renewing leases", "muted"},
	"DropAnswer":           {"dropping answers", "muted"},
}

// hurtBy is what a fault makes of a member. With several managers the word says for which one, if it is not for all.
func hurtBy(f report.Fault, several bool, end float64) hurt {
	name, _, _ := strings.Cut(f.Text, "(")
	how, ok := hurts[name]
	if !ok {
		how.word, how.pattern = name, "other"
	}
	if several && f.Manager > 0 {
		how.word += " for " + called(f.Manager)
	}
	return hurt{span: span{f.From, ended(f.To, end)}, fault: f.Text, word: how.word, pattern: how.pattern, manager: f.Manager}
}

// touches says whether a fault is drawn on a member: if the fault names members, on those; else on all that it affects. Isolate affects every member, since
// none hears the one that it names.
func touches(f report.Fault, member string) bool {
	if names := named.FindAllStringSubmatch(f.Text, -1); len(names) > 0 {
		return slices.ContainsFunc(names, func(n []string) bool { return n[1] == f.Cluster && n[2] == member })
	}
	return slices.Contains(f.Members, member)
}

// named finds the members that a fault names.
var named = regexp.MustCompile(`([\w.-]+)/([\w.-]+)`)

// member draws the lane of a member: its role, the faults on it, and where the manager's watches sat.
func (c *canvas) member(m memberLane) {
	y := c.lane(memberHigh + (max(1, len(m.sits))-1)*(sitsHigh+1))
	c.name("name", y+roleHigh/2+textDown+1, m.name)
	for _, r := range m.roles {
		tip := m.name + " " + r.words
		if r.is == believes {
			c.hatched("role "+r.is, "stale", r.from, r.to, y, roleHigh, tip)
		} else {
			c.band("role "+r.is, r.from, r.to, y, roleHigh, tip)
		}
	}
	for i, sits := range m.sits {
		of := called(0)
		if len(m.sits) > 1 {
			of = called(i + 1)
		}
		for _, s := range sits {
			c.band("sits", s.from, s.to, y+memberHigh-sitsHigh+i*(sitsHigh+1), sitsHigh, "a watch of "+of+" is on "+m.name)
		}
	}
	for _, h := range m.hurts {
		c.hatched("hurt "+h.pattern, h.pattern, h.from, h.to, y-1, memberHigh+2, h.fault+": "+m.name+" is "+h.word)
	}
	for _, piece := range m.labels() {
		c.label("on "+piece.is, piece.from, piece.to, y+roleHigh/2+textDown+1, piece.words, piece.short)
	}
}

// labels are the texts on a member's lane: a new one where its role changes or a fault begins or ends.
func (m memberLane) labels() []role {
	edges := make([]float64, 0, 2*len(m.roles)+2*len(m.hurts))
	for _, r := range m.roles {
		edges = append(edges, r.from, r.to)
	}
	for _, h := range m.hurts {
		edges = append(edges, h.from, h.to)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	var pieces []role
	for i := 1; i < len(edges); i++ {
		piece := m.piece(span{edges[i-1], edges[i]})
		if n := len(pieces); n > 0 && pieces[n-1].words == piece.words && pieces[n-1].to == piece.from {
			pieces[n-1].to = piece.to
			continue
		}
		pieces = append(pieces, piece)
	}
	return slices.DeleteFunc(pieces, func(p role) bool { return p.words == "" })
}

// piece says in words what a member is in a time in which that does not change. That it follows, and nothing is wrong with it, is not said.
func (m memberLane) piece(during span) role {
	p := role{span: during}
	var words []string
	for _, h := range m.hurts {
		if h.and(during).length() > 0 && !slices.Contains(words, h.word) {
			words = append(words, h.word)
		}
	}
	p.is, p.short = "hurting", strings.Join(words, ", ")
	for _, r := range m.roles {
		if r.and(during).length() <= 0 {
			continue
		}
		switch {
		case r.is == follows && len(words) == 0:
		case r.is == follows || (r.is == down && len(words) > 0):
		default:
			p.is = r.is
			words = append(words, r.words)
			if p.short == "" {
				p.short = r.short
			}
		}
	}
	p.words = strings.Join(words, ", ")
	return p
}
