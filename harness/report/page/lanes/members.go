package lanes

import (
	"slices"
	"strings"
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
	term  uint64
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
}

// hurts says what the kinds of faults make of a member, and with which pattern that is drawn. A kind that is not here has its own name for a word.
var hurts = map[string]struct{ word, pattern string }{
	"HangDisk":             {"hung", "hung"},
	"HangApply":            {"applies nothing", "hung"},
	"SlowDisk":             {"slow disk", "slow"},
	"SlowApply":            {"slow", "slow"},
	"SlowLink":             {"slow link", "slow"},
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
	"Refuse":               {"refuses", "unreachable"},
	"Reset":                {"reset", "unreachable"},
	"MisadvertiseMember":   {"wrong address", "unreachable"},
	"Kill":                 {"killed", "dead"},
	"FailDisk":             {"disk failed", "dead"},
	"DropProgress":         {"silent", "muted"},
	"DropProgressRequests": {"silent", "muted"},
	"DropWatchCreate":      {"watch unanswered", "muted"},
	"WithholdEvents":       {"withholds events", "muted"},
	"DropKeepAlives":       {"leases not renewed", "muted"},
	"DropAnswer":           {"answers dropped", "muted"},
}

// hurtBy is what a fault makes of a member.
func hurtBy(fault string, during span) hurt {
	name, _, _ := strings.Cut(fault, "(")
	how, ok := hurts[name]
	if !ok {
		how.word, how.pattern = name, "other"
	}
	return hurt{span: during, fault: fault, word: how.word, pattern: how.pattern}
}

// member draws the lane of a member: its role, the faults on it, and where the manager's watches sat.
func (c *canvas) member(m memberLane) {
	y := c.lane(memberHigh)
	c.name("name", y+roleHigh/2+textDown+1, m.name)
	for _, r := range m.roles {
		tip := m.name + " " + r.words
		if r.is == believes {
			c.hatched("role "+r.is, "stale", r.from, r.to, y, roleHigh, tip)
		} else {
			c.band("role "+r.is, r.from, r.to, y, roleHigh, tip)
		}
	}
	for _, s := range m.sits {
		c.band("sits", s.from, s.to, y+memberHigh-sitsHigh, sitsHigh, "a watch of the manager is on "+m.name)
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
