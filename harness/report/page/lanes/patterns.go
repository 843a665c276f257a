package lanes

import (
	"fmt"
	"strings"
)

// patterns are what tells the hurts apart without a colour: lines, dots and checks. Each is a tile of 8 by 8 pixels and the path in it.
var patterns = []struct{ name, path string }{
	{"hung", "M-2 10L10 -2M-2 2L2 -2M6 10L10 6"},  // rising lines
	{"slow", "M1 2h2M5 6h2"},                      // dashes
	{"frozen", "M0 0L8 8M8 0L0 8"},                // crosses
	{"cut", "M-2 -2L10 10M6 -2L10 2M-2 6L2 10"},   // falling lines
	{"unreachable", "M2 0V8M6 0V8"},               // upright lines
	{"dead", "M0 2H8M0 6H8M2 0V8M6 0V8"},          // a grid
	{"muted", "M0 4H8"},                           // level lines
	{"other", "M3 3h2v2h-2z"},                     // dots
	{"wrong", "M-2 -2L10 10M6 -2L10 2M-2 6L2 10"}, // falling lines: claimed wrongly
	{"stale", "M-2 -2L10 10M6 -2L10 2M-2 6L2 10"}, // falling lines on a tint: a leader that is none
}

// defs are the patterns and the clip of a picture. The patterns lie in the stretched layer, so that each is stretched back. Those of the legend are not.
func (c *canvas) defs(high int, legend bool) string {
	var d strings.Builder
	d.WriteString("<defs>")
	for _, p := range patterns {
		c.pattern(&d, "", p.name, p.path, fmt.Sprintf(` patternTransform="scale(%s 1)"`, precise(1/c.scale())))
		if legend {
			c.pattern(&d, "key-", p.name, p.path, "")
		}
	}
	fmt.Fprintf(&d, `<clipPath id="%s-clip"><rect x="%d" y="0" width="%s" height="%d"/></clipPath></defs>`,
		c.id, gutter, number(c.width-gutter-right), high)
	return d.String()
}

func (c *canvas) pattern(d *strings.Builder, prefix, name, path, transform string) {
	fmt.Fprintf(d, `<pattern id="%s-%s%s" class="pattern %s" width="8" height="8" patternUnits="userSpaceOnUse"%s><rect width="8" height="8"/><path d="%s"/></pattern>`,
		c.id, prefix, name, name, transform, path)
}
