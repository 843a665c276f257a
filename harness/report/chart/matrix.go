package chart

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/stormwatch/stormwatch/harness/report"
)

// The sizes of the picture of a matrix.
const (
	cellSize = 4 * vg.Millimeter
	margin   = 4 * vg.Millimeter
	left     = 56 * vg.Millimeter // the names of the scenarios
	above    = 36 * vg.Millimeter // the names of the managers
	below    = 12 * vg.Millimeter // the legend
)

// The colours of the cells differ in lightness too, for whoever sees no hues.
var (
	named  = color.RGBA{0x0b, 0x5c, 0xad, 0xff}
	other  = color.RGBA{0xf2, 0xb7, 0x4b, 0xff}
	absent = color.Gray{0xee}
)

// Matrix writes a picture of a matrix: a row for each scenario and a column for each manager, with a dark cell where the oracle that names the manager's
// mistake caught it, a light one where another oracle did, and a white one where it passed. caught are the oracles that name the mistakes, by manager.
func Matrix(to io.Writer, m report.Matrix, caught map[string]string) error {
	canvas := vgsvg.New(size(m))
	paint(draw.New(canvas), m, caught)
	if _, err := canvas.WriteTo(to); err != nil {
		return fmt.Errorf("draw a matrix: %w", err)
	}
	return nil
}

// size is the width and the height of the picture of a matrix.
func size(m report.Matrix) (width, height vg.Length) {
	return left + vg.Length(len(m.Managers))*cellSize + 2*margin, above + vg.Length(len(m.Scenarios))*cellSize + below + 2*margin
}

func paint(c draw.Canvas, m report.Matrix, caught map[string]string) {
	width, height := size(m)
	fill(c, rectangle(0, 0, width, height), white)
	p := picture{c, height, m, caught}
	p.cells()
	p.grid()
	p.names()
	p.legend()
}

// picture draws one matrix. Rows count from above, as one reads them; gonum's canvas counts from below.
type picture struct {
	canvas draw.Canvas
	height vg.Length
	matrix report.Matrix
	caught map[string]string
}

// at is the lower left corner of a cell.
func (p picture) at(row, column int) vg.Point {
	return vg.Point{X: margin + left + vg.Length(column)*cellSize, Y: p.height - margin - above - vg.Length(row+1)*cellSize}
}

// cells fills the cells, with one path for each colour, which keeps the file small.
func (p picture) cells() {
	paths := map[color.Color]*vg.Path{}
	for row, s := range p.matrix.Scenarios {
		for column, manager := range p.matrix.Managers {
			c, _ := p.matrix.Cell(s, manager)
			if shade := p.colour(c); shade != nil {
				if paths[shade] == nil {
					paths[shade] = new(vg.Path)
				}
				corner := p.at(row, column)
				*paths[shade] = append(*paths[shade], rectangle(corner.X, corner.Y, cellSize, cellSize)...)
			}
		}
	}
	for _, shade := range []color.Color{named, other, absent} {
		if path := paths[shade]; path != nil {
			fill(p.canvas, *path, shade)
		}
	}
}

// colour is that of a cell; nil for white.
func (p picture) colour(c report.Cell) color.Color {
	switch {
	case c.KilledBy != "" && c.KilledBy == p.caught[c.Manager]:
		return named
	case c.KilledBy != "":
		return other
	case c.Outcome != "passed":
		return absent
	}
	return nil
}

func (p picture) grid() {
	var lines vg.Path
	rows, columns := len(p.matrix.Scenarios), len(p.matrix.Managers)
	for row := range rows + 1 {
		from, to := p.at(row-1, 0), p.at(row-1, columns)
		lines.Move(from)
		lines.Line(to)
	}
	for column := range columns + 1 {
		lines.Move(p.at(-1, column))
		lines.Line(p.at(rows-1, column))
	}
	p.canvas.SetColor(grid)
	p.canvas.SetLineWidth(lineWidth)
	p.canvas.Stroke(lines)
}

func (p picture) names() {
	style := textStyle()
	style.XAlign, style.YAlign = draw.XRight, draw.YCenter
	for row, name := range p.matrix.Scenarios {
		corner := p.at(row, 0)
		p.canvas.FillText(style, vg.Point{X: corner.X - smallGap, Y: corner.Y + cellSize/2}, name)
	}
	style.XAlign, style.Rotation = draw.XLeft, quarterTurn
	for column, name := range p.matrix.Managers {
		corner := p.at(-1, column)
		p.canvas.FillText(style, vg.Point{X: corner.X + cellSize/2, Y: corner.Y + smallGap}, name)
	}
}

func (p picture) legend() {
	style := textStyle()
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	x, y := margin, margin
	for _, entry := range []struct {
		shade color.Color
		text  string
	}{
		{named, "caught by the oracle that names the mistake"}, {other, "caught by another oracle"}, {white, "passed"}, {absent, "not asked or not judged"},
	} {
		box := rectangle(x, y, cellSize, cellSize)
		fill(p.canvas, box, entry.shade)
		p.canvas.SetColor(grid)
		p.canvas.SetLineWidth(lineWidth)
		p.canvas.Stroke(box)
		p.canvas.FillText(style, vg.Point{X: x + cellSize + smallGap, Y: y + cellSize/2}, entry.text)
		x += cellSize + 3*smallGap + style.Width(entry.text) + margin
	}
}
