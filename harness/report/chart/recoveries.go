package chart

import (
	"fmt"
	"io"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/stormwatch/stormwatch/harness/bench"
)

// The sizes of the picture of recoveries.
const (
	namesWidth  = 38 * vg.Millimeter
	stripWidth  = 110 * vg.Millimeter
	figureWidth = 19 * vg.Millimeter // a column of figures
	figures     = 4                  // how many there are
	stripHeight = 8 * vg.Millimeter
	titleHeight = 7 * vg.Millimeter
	axisHeight  = 9 * vg.Millimeter
	headHeight  = 6 * vg.Millimeter
)

// panel is the series that are compared with each other: those of one case on one engine.
type panel struct {
	title string
	rows  []*bench.Series
}

// panels groups series by case and engine, in their order. Series of which nothing was measured are left out.
func panels(list []*bench.Series) []panel {
	var all []panel
	at := map[[2]string]int{}
	for _, s := range list {
		if len(s.Summary().Took) == 0 {
			continue
		}
		key := [2]string{s.Case.Name, s.Engine}
		i, ok := at[key]
		if !ok {
			i = len(all)
			at[key] = i
			title := s.Case.Name
			if s.Case.Fault != s.Case.Name {
				title += ": " + s.Case.Fault
			}
			all = append(all, panel{title: title + ", " + s.Engine})
		}
		all[i].rows = append(all[i].rows, s)
	}
	return all
}

// Recoveries writes a picture of the recoveries of some series in one of the [Formats]: a panel for each case and engine, with a strip for each manager that
// shows how its recoveries are distributed, their median and p99, and what the fault allows. Series of which nothing was measured are left out.
func Recoveries(to io.Writer, format string, list []*bench.Series) error {
	all := panels(list)
	height := 2*margin + headHeight + below
	for _, p := range all {
		height += p.height()
	}
	width := 2*margin + namesWidth + stripWidth + figures*figureWidth
	err := write(to, format, width, height, func(c draw.Canvas) {
		y := height - margin
		head(c, y-headHeight/2)
		y -= headHeight
		for _, p := range all {
			p.draw(c, y)
			y -= p.height()
		}
		recoveryLegend(c, margin+below/2)
	})
	if err != nil {
		return fmt.Errorf("draw recoveries: %w", err)
	}
	return nil
}

// figureAt is the right edge of a column of figures.
func figureAt(column int) vg.Length {
	return margin + namesWidth + stripWidth + vg.Length(column+1)*figureWidth
}

func head(c draw.Canvas, y vg.Length) {
	for i, name := range []string{"median", "p99", "bound", "never"} {
		say(c, faint, draw.XRight, vg.Point{X: figureAt(i), Y: y}, name)
	}
}

func (p panel) height() vg.Length {
	return titleHeight + vg.Length(len(p.rows))*stripHeight + axisHeight
}

// draw draws the panel below a height.
func (p panel) draw(c draw.Canvas, top vg.Length) {
	bold(c, vg.Point{X: margin, Y: top - titleHeight/2}, p.title)
	bottom := top - titleHeight - vg.Length(len(p.rows))*stripHeight
	a := axis{max: p.reach(), from: margin + namesWidth, to: margin + namesWidth + stripWidth - smallGap}
	a.draw(c, bottom, top-titleHeight, " s")
	for i, s := range p.rows {
		newStrip(c, a, top-titleHeight-vg.Length(i)*stripHeight-stripHeight/2, s).draw()
	}
}

// reach is the end of the panel's axis in seconds: that of the longest recovery, or of the largest bound that is not so far beyond it that the
// distributions would become too small to be seen.
func (p panel) reach() float64 {
	const far = 2.5
	var longest, bound time.Duration
	for _, s := range p.rows {
		for _, took := range s.Summary().Took {
			if took != bench.Never {
				longest = max(longest, took)
			}
		}
	}
	for _, s := range p.rows {
		if limit := s.Summary().Bound; longest == 0 || limit.Seconds() <= far*longest.Seconds() {
			bound = max(bound, limit)
		}
	}
	return max(1.05*max(longest, bound).Seconds(), 0.01)
}

func recoveryLegend(c draw.Canvas, y vg.Length) {
	l := legend{c, vg.Point{X: margin, Y: y}}
	l.entry(cellSize, func(at vg.Point) { fill(c, rectangle(at.X, at.Y-cellSize/2, cellSize, cellSize), lightBlue) }, "how often")
	l.entry(smallGap, func(at vg.Point) { medianMark(c, at, halfStrip) }, "median")
	l.entry(smallGap, func(at vg.Point) { p99Mark(c, at, halfStrip) }, "p99")
	l.entry(smallGap, func(at vg.Point) { boundMark(c, at, halfStrip) }, "bound: what the fault allows")
	l.entry(2*smallGap, func(at vg.Point) { beyondMark(c, at.X+2*smallGap, at.Y) }, "the bound is further right")
}

// legend writes what the signs of a picture mean, one entry beside the other, from a point on.
type legend struct {
	canvas draw.Canvas
	at     vg.Point
}

// entry draws a sign of the given width, and its meaning beside it.
func (l *legend) entry(width vg.Length, sign func(at vg.Point), meaning string) {
	sign(l.at)
	say(l.canvas, ink, draw.XLeft, vg.Point{X: l.at.X + width + smallGap, Y: l.at.Y}, meaning)
	l.at.X += width + 2*smallGap + textStyle().Width(meaning) + margin
}
