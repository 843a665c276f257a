package lanes

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The measures of a picture, in pixels.
const (
	gutter     = 136 // the names of the lanes, at the left
	right      = 14
	axisHigh   = 26
	headHigh   = 24 // the name of a cluster
	partHigh   = 20 // the name of a manager, if there are several
	laneGap    = 4
	letter     = 6.3 // the width of a letter, on average
	markLetter = 7   // of a mark, which is bold
	textDown   = 4   // from the middle of a line of text to its baseline
	labelDrop  = 3   // from the left end of a band to its label
)

// canvas collects the elements of a picture. A picture has layers: what is stretched with the time axis lies in scaled, with instants in milliseconds as
// horizontal coordinates, so that a zoom changes one transformation. Texts must not be stretched: they lie in pinned, and the script moves each of them.
type canvas struct {
	view
	id                    string
	fixed, scaled, pinned strings.Builder
	y                     int     // where the next lane begins
	end                   float64 // the end of the run
}

// view is the time that a picture shows, and its width in pixels.
type view struct{ from, to, width float64 }

// scale is how many pixels a millisecond takes.
func (v view) scale() float64 { return (v.width - gutter - right) / (v.to - v.from) }

// x is the horizontal position of an instant.
func (v view) x(at float64) float64 { return gutter + (at-v.from)*v.scale() }

// number prints a coordinate, rounded to a tenth.
func number(n float64) string {
	n = math.Round(n*10) / 10
	if n == 0 {
		n = 0 // not -0
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// escaped is a text for SVG.
func escaped(text string) string { return html.EscapeString(text) }

// band draws a rectangle from one instant to another. tip is what the script shows when the pointer is on it; it may be empty.
func (c *canvas) band(class string, from, to float64, y, high int, tip string) {
	c.rect(class, "", from, to, y, high, tip)
}

// hatched draws a band with one of the patterns, see patterns.
func (c *canvas) hatched(class, pattern string, from, to float64, y, high int, tip string) {
	c.rect(class, fmt.Sprintf(` fill="url(#%s-%s)"`, c.id, pattern), from, to, y, high, tip)
}

func (c *canvas) rect(class, fill string, from, to float64, y, high int, tip string) {
	if tip != "" {
		tip = fmt.Sprintf(` data-tip="%s"`, escaped(tip))
	}
	fmt.Fprintf(&c.scaled, `<rect class="%s"%s x="%s" y="%d" width="%s" height="%d"%s/>`, class, fill, number(from), y, number(to-from), high, tip)
}

// path draws a path whose horizontal coordinates are instants.
func (c *canvas) path(class, d, more string) {
	if d != "" {
		fmt.Fprintf(&c.scaled, `<path class="%s" d="%s"%s/>`, class, d, more)
	}
}

// pin draws a text that begins at an instant, or ends there if it would leave the picture. The script does the same after each zoom.
func (c *canvas) pin(class string, at float64, y int, text string) {
	x, anchor := c.x(at)+labelDrop, ""
	if x+markLetter*float64(utf8.RuneCountInString(text)) > c.width-right {
		x, anchor = x-2*labelDrop, ` text-anchor="end"`
	}
	fmt.Fprintf(&c.pinned, `<text class="%s" data-t="%s" x="%s" y="%d"%s>%s</text>`, class, number(at), number(x), y, anchor, escaped(text))
}

// label writes a text inside a band, cut to the room that there is; if that is too little for much of it, the short one, if there is room for that. The
// script does the same after each zoom.
func (c *canvas) label(class string, from, to float64, y int, long, short string) {
	x := max(c.x(from), gutter)
	room := min(c.x(to), c.width-right) - x - 2*labelDrop
	fmt.Fprintf(&c.pinned, `<text class="%s" data-t="%s" data-u="%s" data-long="%s" data-short="%s" x="%s" y="%d">%s</text>`,
		class, number(from), number(to), escaped(long), escaped(short), number(x+labelDrop), y, escaped(fitting(long, short, room)))
}

// enough is how many letters of a long text are worth more than the short one.
const enough = 12

func fitting(long, short string, room float64) string {
	most := int(room / letter)
	switch {
	case utf8.RuneCountInString(long) <= most:
		return long
	case most > max(enough, utf8.RuneCountInString(short)):
		return string([]rune(long)[:most-1]) + "…"
	case utf8.RuneCountInString(short) <= most:
		return short
	}
	return ""
}

// name writes the name of a lane into the gutter.
func (c *canvas) name(class string, y int, text string) {
	if most := int(math.Floor((gutter - 10) / letter)); utf8.RuneCountInString(text) > most {
		runes := []rune(text)
		text = "…" + string(runes[len(runes)-most+1:])
	}
	fmt.Fprintf(&c.fixed, `<text class="%s" x="%d" y="%d">%s</text>`, class, gutter-8, y, escaped(text))
}

// lane begins a lane of a height and returns its upper edge.
func (c *canvas) lane(high int) int {
	y := c.y
	c.y += high + laneGap
	return y
}

// strokes collects short vertical strokes in one path, each given by how far right of the one before it stands.
type strokes struct {
	d    strings.Builder
	last float64
	any  bool
}

// add adds a stroke from y over high pixels. Two at the same rounded instant are one.
func (s *strokes) add(at float64, y, high int) {
	at = math.Round(at)
	switch {
	case !s.any:
		fmt.Fprintf(&s.d, "M%s %dv%d", number(at), y, high)
	case at != s.last:
		fmt.Fprintf(&s.d, "m%s %dv%d", number(at-s.last), -high, high)
	}
	s.last, s.any = at, true
}

func (s *strokes) path() string { return s.d.String() }
