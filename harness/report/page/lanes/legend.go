package lanes

import "fmt"

// Key explains one thing that pictures show: Class is its class in the style sheet of a page, Words is what it means.
type Key struct{ Class, Words string }

// Legend explains what pictures show, in the order in which they show it.
func Legend() []Key {
	return []Key{
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
}

// legend draws a short legend under a picture that stands alone. A page has [Legend].
func (c *canvas) legend() {
	keys := []struct{ class, pattern, words string }{
		{"role leads", "", "leads"},
		{"role believes", "stale", "still believes that it leads"},
		{"hurt hung", "hung", "a fault"},
		{"sits", "", "a watch of the manager is on this member"},
		{"excused", "", "any staleness is allowed"},
		{"over", "", "staler than allowed"},
	}
	x := 8.0
	for _, k := range keys {
		high, fill := 11, ""
		if k.class == "sits" {
			high = sitsHigh
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
