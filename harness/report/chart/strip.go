package chart

import (
	"fmt"
	"image/color"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/stormwatch/stormwatch/harness/bench"
)

// strip draws the recoveries of one series along an axis, around the height y.
type strip struct {
	canvas draw.Canvas
	axis   axis
	y      vg.Length
	name   string
	sum    bench.Summary
}

func newStrip(c draw.Canvas, a axis, y vg.Length, s *bench.Series) strip {
	return strip{c, a, y, s.Manager, s.Summary()}
}

const (
	halfStrip = 3 * vg.Millimeter
	// fewSamples is how many samples are drawn as points. Of more, a strip shows how many there are in each of some equal parts of the axis.
	fewSamples = 60
	bins       = 160
)

func (s strip) draw() {
	say(s.canvas, ink, draw.XRight, vg.Point{X: s.axis.from - 2*smallGap, Y: s.y}, s.name)
	came := s.sum.Took[:len(s.sum.Took)-s.sum.Never]
	if len(came) > 0 {
		stroke(s.canvas, blue, lineWidth, nil, s.point(came[0]), s.point(came[len(came)-1]))
	}
	if len(came) <= fewSamples {
		s.points(came)
	} else {
		s.shape(came)
	}
	if median, _ := s.sum.Took.Quantile(0.5); median != bench.Never {
		medianMark(s.canvas, s.point(median), halfStrip)
	}
	if p99, _ := s.sum.Took.Quantile(0.99); p99 != bench.Never {
		p99Mark(s.canvas, s.point(p99), halfStrip)
	}
	if bound := s.point(s.sum.Bound); bound.X <= s.axis.to {
		boundMark(s.canvas, bound, halfStrip)
	} else {
		beyondMark(s.canvas, s.axis.to, s.y)
	}
	s.figures()
}

// figures writes the figures beside the strip.
func (s strip) figures() {
	put := func(column int, took time.Duration) {
		text := fmt.Sprintf("%.3f s", took.Seconds())
		if took == bench.Never {
			text = "never"
		}
		say(s.canvas, ink, draw.XRight, vg.Point{X: figureAt(column), Y: s.y}, text)
	}
	median, _ := s.sum.Took.Quantile(0.5)
	p99, _ := s.sum.Took.Quantile(0.99)
	put(0, median)
	put(1, p99)
	put(2, s.sum.Bound)
	shade := faint
	text := "0"
	if s.sum.Never > 0 {
		shade, text = ink, fmt.Sprintf("%d of %d", s.sum.Never, len(s.sum.Took))
	}
	say(s.canvas, shade, draw.XRight, vg.Point{X: figureAt(3), Y: s.y}, text)
}

func (s strip) point(took time.Duration) vg.Point {
	return vg.Point{X: s.axis.at(took.Seconds()), Y: s.y}
}

// points draws each recovery as a point. Neighbours are at different heights, so that equal ones can be seen.
func (s strip) points(came bench.Durations) {
	const heights = 5
	for i, took := range came {
		at := s.point(took)
		at.Y += vg.Length(i%heights-heights/2) * halfStrip / heights
		s.canvas.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: smallGap / 2, Shape: draw.RingGlyph{}}, at)
	}
}

// shape draws how many recoveries there are along the axis, above and below the strip's middle.
func (s strip) shape(came bench.Durations) {
	var count [bins + 2]float64
	for _, took := range came {
		i := 1 + min(int((took.Seconds()-s.axis.min)/(s.axis.max-s.axis.min)*bins), bins-1)
		count[i-1] += 0.25 // neighbours get a part, so that the shape does not hang on where a bin ends
		count[i] += 0.5
		count[i+1] += 0.25
	}
	most := 0.0
	for _, n := range count {
		most = max(most, n)
	}
	width := (s.axis.to - s.axis.from) / bins
	var path vg.Path
	for i, n := range count {
		if n == 0 {
			continue
		}
		half := halfStrip * vg.Length(n/most)
		path = append(path, rectangle(s.axis.from+vg.Length(i-1)*width, s.y-half, width, 2*half)...)
	}
	fill(s.canvas, path, lightBlue)
}

// medianMark, p99Mark and boundMark are upright lines through a point. half is half the height of the strip that they are in.

func medianMark(c draw.Canvas, at vg.Point, half vg.Length) {
	upright(c, blue, 5*lineWidth, nil, at, half)
}

func p99Mark(c draw.Canvas, at vg.Point, half vg.Length) {
	upright(c, blue, 2.5*lineWidth, nil, at, half*2/3)
}

func boundMark(c draw.Canvas, at vg.Point, half vg.Length) {
	upright(c, vermilion, 4*lineWidth, []vg.Length{half / 3, half / 6}, at, half)
}

func upright(c draw.Canvas, shade color.Color, width vg.Length, dashes []vg.Length, at vg.Point, half vg.Length) {
	stroke(c, shade, width, dashes, vg.Point{X: at.X, Y: at.Y - half}, vg.Point{X: at.X, Y: at.Y + half})
}

// beyondMark is an arrow head whose tip is at x.
func beyondMark(c draw.Canvas, x, y vg.Length) {
	c.FillPolygon(vermilion, []vg.Point{{X: x, Y: y}, {X: x - 2*smallGap, Y: y + smallGap}, {X: x - 2*smallGap, Y: y - smallGap}})
}
