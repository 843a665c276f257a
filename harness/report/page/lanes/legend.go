package lanes

import (
	"fmt"
	"slices"

	"github.com/stormwatch/stormwatch/harness/report"
)

// Key explains one thing that pictures show: Class is its class in the style sheet of a page, Words is what it means.
type Key struct{ Class, Words string }

// Legend explains what the pictures of runs show, in the order in which they show it. What only few pictures show is explained only if one of these does.
func Legend(runs []report.Run) []Key {
	keys := []Key{
		{"leads", "leads: a majority follows it"},
		{"believes", "still believes that it leads"},
		{"follows", "follows"},
		{"down", "down"},
		{"hurt", "a fault on a member, named on it"},
		{"watch", "a watch of the manager is on this member"},
		{"excused", "any staleness is allowed, to recover"},
		{"allowed", "allowed staleness"},
		{"over", "staler than allowed"},
	}
	if slices.ContainsFunc(runs, owns) {
		keys = append(keys, Key{"claim", "a manager claims to own it"}, Key{"stands", "the key of an owner, or of one who waits, stands"},
			Key{"wrongly", "claimed by two, or without its key"})
	}
	return keys
}

// owns says whether a manager of a run claimed to own something.
func owns(run report.Run) bool {
	return run.Record != nil && slices.ContainsFunc(managersOf(run.Record), func(m report.Other) bool { return len(m.Claims) > 0 })
}

// legend draws a short legend under a picture that stands alone. A page has [Legend].
func (c *canvas) legend(run report.Run) {
	type key struct{ class, pattern, words string }
	keys := []key{
		{"role leads", "", "leads"},
		{"role believes", "stale", "still believes that it leads"},
		{"hurt hung", "hung", "a fault"},
		{"sits", "", "a watch of the manager is on this member"},
		{"excused", "", "any staleness is allowed"},
		{"over", "", "staler than allowed"},
	}
	if owns(run) {
		keys = append(keys, key{"claim", "", "claims to own it"}, key{"standing", "", "an owner's key stands"}, key{"wrongly", "wrong", "claimed wrongly"})
	}
	x := 8.0
	for _, k := range keys {
		high, fill := 11, ""
		if k.class == "sits" || k.class == "standing" {
			high = sitsHigh
		}
		if x > 8 && x+30+wide(k.words) > c.width {
			x = 8
			c.y += 16
		}
		if k.pattern != "" {
			fill = fmt.Sprintf(` fill="url(#%s-key-%s)"`, c.id, k.pattern)
		}
		fmt.Fprintf(&c.fixed, `<rect class="%s"%s x="%s" y="%d" width="24" height="%d"/><text class="note" x="%s" y="%d">%s</text>`,
			k.class, fill, number(x), c.y+6-high/2, high, number(x+30), c.y+6+textDown, escaped(k.words))
		x += 42 + wide(k.words)
	}
	c.y += headHigh
}

// wide is about how many pixels a text of the legend is wide.
func wide(text string) float64 { return 6.4 * float64(len([]rune(text))) }
