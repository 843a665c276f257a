package chart

import (
	"fmt"
	"io"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/stormwatch/stormwatch/harness/soak"
)

// The sizes of the picture of a soak. Its rows are low, since there are one or two for each fault and one for each bound.
const (
	rowHeight   = 4.4 * vg.Millimeter
	halfRow     = 1.6 * vg.Millimeter
	columnsGap  = 8 * vg.Millimeter
	faultsWidth = 48 * vg.Millimeter // the names of the faults
	tookWidth   = 90 * vg.Millimeter // the axis of their recoveries
	boundsWidth = 58 * vg.Millimeter // the names of the bounds
	usedWidth   = 70 * vg.Millimeter // the axis of what was used of them
)

// Soak writes a picture of the summary of a soak in one of the [Formats]. On the left are the recoveries from each fault: median, p99 and maximum, beside the
// largest allowance, on a logarithmic axis. On the right is how near the runs came to each bound, the nearest first; those that were never approached are
// marked. Above them are the failures by oracle, if there are any.
func Soak(to io.Writer, format string, s *soak.Summary) error {
	failed := failuresOf(s)
	left := table{
		width: faultsWidth + tookWidth + widthOf(recoveryFigures), rows: len(s.Recoveries),
		paint: func(c draw.Canvas, at vg.Point) { paintRecoveries(c, at, s.Recoveries) },
	}
	right := table{
		width: boundsWidth + usedWidth + widthOf(boundFigures), rows: len(s.Bounds),
		paint: func(c draw.Canvas, at vg.Point) { paintBounds(c, at, s.Bounds) },
	}
	above := table{rows: len(failed), paint: func(c draw.Canvas, at vg.Point) { paintFailures(c, at, failed) }}
	width := 2*margin + left.width + columnsGap + right.width
	height := 2*margin + titleHeight + above.height() + max(left.height(), right.height()) + below
	err := write(to, format, width, height, func(c draw.Canvas) {
		top := height - margin
		bold(c, vg.Point{X: margin, Y: top - titleHeight/2}, s.Head())
		top -= titleHeight
		above.draw(c, vg.Point{X: margin, Y: top})
		top -= above.height()
		left.draw(c, vg.Point{X: margin, Y: top})
		right.draw(c, vg.Point{X: margin + left.width + columnsGap, Y: top})
		soakLegend(c, vg.Point{X: margin, Y: margin + below/2})
	})
	if err != nil {
		return fmt.Errorf("draw a soak: %w", err)
	}
	return nil
}

// table is a part of the picture: a row for each fault, bound or oracle. One without rows takes no room.
type table struct {
	width vg.Length
	rows  int
	paint func(c draw.Canvas, at vg.Point) // at is the left end of the upper edge of the first row
}

func (t table) height() vg.Length {
	if t.rows == 0 {
		return 0
	}
	return headHeight + vg.Length(t.rows)*rowHeight + axisHeight
}

// draw draws the table below and to the right of a point.
func (t table) draw(c draw.Canvas, corner vg.Point) {
	if t.rows > 0 {
		t.paint(c, vg.Point{X: corner.X, Y: corner.Y - headHeight})
	}
}

// figure is a column of figures beside the rows.
type figure struct {
	name  string
	width vg.Length
}

func widthOf(columns []figure) (width vg.Length) {
	for _, f := range columns {
		width += f.width
	}
	return width
}

// headOf writes the names of columns of figures, from a point on.
func headOf(c draw.Canvas, at vg.Point, columns []figure) {
	for _, f := range columns {
		at.X += f.width
		say(c, faint, draw.XRight, at, f.name)
	}
}

// put writes the figures of a row, from a point on.
func put(c draw.Canvas, at vg.Point, columns []figure, texts ...string) {
	for i, text := range texts {
		at.X += columns[i].width
		say(c, ink, draw.XRight, at, text)
	}
}

// middleOf is the height of the middle of a row.
func middleOf(top vg.Length, row int) vg.Length { return top - vg.Length(row)*rowHeight - rowHeight/2 }

func soakLegend(c draw.Canvas, at vg.Point) {
	l := legend{c, at}
	l.entry(smallGap, func(at vg.Point) { medianMark(c, at, halfRow) }, "median")
	l.entry(smallGap, func(at vg.Point) { p99Mark(c, at, halfRow) }, "p99")
	l.entry(smallGap, func(at vg.Point) { mostMark(c, at) }, "maximum")
	l.entry(smallGap, func(at vg.Point) { boundMark(c, at, halfRow) }, "the largest allowance of the fault, or the bound")
	l.entry(2*smallGap, func(at vg.Point) { beyondMark(c, at.X+2*smallGap, at.Y) }, "late: not fresh within the allowance")
	bar := func(fillIt func(vg.Path)) func(vg.Point) {
		return func(at vg.Point) { fillIt(rectangle(at.X, at.Y-halfRow, cellSize, 2*halfRow)) }
	}
	l.entry(cellSize, bar(func(p vg.Path) { fill(c, p, blue) }), "the most that was used of a bound")
	l.entry(cellSize, bar(func(p vg.Path) { hollow(c, p) }), "never approached: less than half, the bound may be too generous")
}
