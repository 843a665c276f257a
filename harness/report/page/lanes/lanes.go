// Package lanes draws a run as lanes on one time axis, as SVG:
//
//	            0s        5s        10s       15s       20s
//	ALPHA
//	        m1  ▒▒ leads ▒▒▨▨ still believes it leads ▨▨▨▨      what each member is, and the faults on it
//	        m2             ▒▒▒▒ leads ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
//	  /prefix/  ━━━━━━━━━━━━ on m1 ━━━━━━━━━┿━━━ on m2 ━━━      where each watch of the manager sat
//	 committed  ╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵╵
//	      seen  ╷╷╷╷╷╷╷                        ╷╷╷╷╷╷╷╷╷╷╷
//	 staleness  ____________⟋⟋⟋⟋⟋⟋⟋⟋⟋⟋⟋⟋⟋⟋⟋|________      under what is allowed
//
// The picture stands alone or is part of a page, where [Script] zooms it. It needs nothing but the run.
package lanes

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/stormwatch/stormwatch/harness/report"
)

// Style is the style sheet of the pictures, for a page that shows them. Colours are variables with the prefix --sw-.
//
//go:embed lanes.css
var Style string

// Script is the script that zooms a picture and says what is under the pointer. It defines one function, attachLanes, which it describes.
//
//go:embed lanes.js
var Script string

// Options say how a picture is drawn. The zero value draws the whole run, 1100 pixels wide, for a page that has [Style].
type Options struct {
	// ID begins the names of the parts of the picture. Two pictures on a page have different ones. Empty: "lanes".
	ID string
	// From and To are the time to show, in milliseconds of the run. To zero: to the end of the run.
	From, To float64
	// Begin is the earliest instant of the run that the picture has; nothing before it can be zoomed to. Zero: the picture has the whole run.
	Begin float64
	// Width is in pixels. Zero: 1100.
	Width int
	// Standalone makes a file of its own of the picture, with the style sheet in it.
	Standalone bool
}

// Draw writes the picture of a run. It returns an error only if w does.
func Draw(w io.Writer, run report.Run, o Options) error {
	s := sceneOf(run)
	if o.ID == "" {
		o.ID = "lanes"
	}
	if o.Width == 0 {
		o.Width = 1100
	}
	if o.To <= o.From {
		o.To = s.end
	}
	c := &canvas{id: o.ID, view: view{from: o.From, to: max(o.To, o.From+1), width: float64(o.Width)}, y: axisHigh + laneGap, end: s.end}
	c.draw(s)
	foot := c.y
	if o.Standalone {
		c.legend(run)
	}
	return c.write(w, run, s, o, foot)
}

// draw draws all lanes, from top to bottom.
func (c *canvas) draw(s scene) {
	for i, cl := range s.clusters {
		top := c.lane(headHigh)
		c.heading(cl, top)
		for _, m := range cl.members {
			c.member(m)
		}
		for _, t := range cl.things {
			c.thing(t)
		}
		for j, m := range cl.managers {
			from := c.y
			c.managed(cl, m, fmt.Sprintf("%s-committed-%d", c.id, i), j > 0)
			for _, mark := range s.marks {
				if mark.cluster == cl.name && mark.manager == m.number && mark.manager > 0 {
					c.mark(mark, from+partHigh, c.y, from+partHigh/2+textDown)
				}
			}
		}
		for _, m := range s.marks {
			if m.cluster == cl.name && m.manager == 0 {
				c.mark(m, top+headHigh, c.y, top+headHigh/2+textDown)
			}
		}
		c.y += laneGap
	}
	for _, m := range s.marks {
		if m.cluster == "" {
			c.mark(m, axisHigh, c.y+14, c.y+12)
		}
	}
	c.y += 18
}

// managed draws the lanes of a manager in a cluster. If there are several managers, its name stands over them.
func (c *canvas) managed(cl clusterLanes, m managerLanes, committed string, again bool) {
	if m.number > 0 {
		y := c.lane(partHigh)
		fmt.Fprintf(&c.fixed, `<path class="rule" d="M%d %dH9999"/><text class="name part" x="%d" y="%d">%s</text>`,
			gutter/2, y+1, gutter-8, y+partHigh/2+textDown, escaped(called(m.number)))
	}
	c.keys(m.keys)
	for _, w := range m.watches {
		c.watch(w)
	}
	c.says(m.says)
	if len(cl.commits) > 0 || len(m.seen) > 0 {
		c.committed(cl.commits, committed, again)
		c.seen(m.seen, m.still)
	}
	if len(m.curve) == 0 {
		return
	}
	tall, of := curveHigh, cl.name
	if cl.quiet {
		tall = quietHigh
	}
	if m.number > 0 {
		of += ", " + called(m.number)
	}
	c.curve(m, of, tall)
}

// heading writes the name of a cluster over its lanes.
func (c *canvas) heading(cl clusterLanes, y int) {
	fmt.Fprintf(&c.fixed, `<path class="rule" d="M0 %dH9999"/><text class="cluster" x="4" y="%d">%s</text>`,
		y+1, y+headHigh/2+textDown+1, escaped(cl.name))
	if cl.note != "" {
		fmt.Fprintf(&c.fixed, `<text class="note" x="%d" y="%d">%s</text>`, gutter, y+headHigh/2+textDown+1, escaped(cl.note))
	}
}

// mark draws an instant that stands out as a line through the lanes and a text.
func (c *canvas) mark(m mark, from, to, textAt int) {
	c.path("mark "+m.is, fmt.Sprintf("M%s %dV%d", number(m.at), from, to), fmt.Sprintf(` data-tip="%s"`, escaped(m.text)))
	c.pin("mark "+m.is, m.at, textAt, m.text)
}

// write puts the layers together. foot is where the lanes end.
func (c *canvas) write(w io.Writer, run report.Run, s scene, o Options, foot int) error {
	var b strings.Builder
	high := c.y
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="lanes" role="img" aria-labelledby="%s-title %s-desc" viewBox="0 0 %d %d" `,
		c.id, c.id, o.Width, high)
	fmt.Fprintf(&b, `data-from="%s" data-to="%s" data-begin="%s" data-end="%s" data-gutter="%d" data-right="%d">`,
		number(c.from), number(c.to), number(o.Begin), number(s.end), gutter, right)
	fmt.Fprintf(&b, `<title id="%s-title">%s</title><desc id="%s-desc">%s</desc>`, c.id, escaped(Title(run)), c.id, escaped(Sentence(run)))
	if o.Standalone {
		fmt.Fprintf(&b, "<style>%s</style>", Style)
	}
	b.WriteString(c.defs(high, o.Standalone))
	fmt.Fprintf(&b, `<rect class="paper" width="100%%" height="%d"/>`, high)
	b.WriteString(c.axis(foot - 16))
	fmt.Fprintf(&b, `<g class="fixed">%s</g>`, c.fixed.String())
	fmt.Fprintf(&b, `<g clip-path="url(#%s-clip)"><g class="scaled" transform="matrix(%s 0 0 1 %s 0)">%s</g><g class="pinned">%s</g></g></svg>`,
		c.id, precise(c.scale()), precise(gutter-c.from*c.scale()), c.scaled.String(), c.pinned.String())
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("draw the lanes of a run: %w", err)
	}
	return nil
}
