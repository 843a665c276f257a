package chart

import (
	"fmt"
	"image/color"
	"io"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/stormwatch/stormwatch/harness/bench"
)

const (
	sweepWidth  = 200 * vg.Millimeter
	sweepHeight = 75 * vg.Millimeter // of a panel
)

// The lines of the managers: colours of Okabe and Ito, and marks of different shapes for whoever sees no hues.
var (
	shades = []color.Color{
		blue,
		color.RGBA{0xe6, 0x9f, 0x00, 0xff},
		color.RGBA{0x00, 0x9e, 0x73, 0xff},
		color.RGBA{0xcc, 0x79, 0xa7, 0xff},
		ink,
		color.RGBA{0x56, 0xb4, 0xe9, 0xff},
		vermilion,
	}
	shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.RingGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.CrossGlyph{}}
)

// Sweep writes a picture of a sweep in one of the [Formats]: a panel for each case, with the median and the p99 of each manager over the values of the interval,
// and the bound. A quantile that is a recovery which never came has no point. Every series must have a Set.
func Sweep(to io.Writer, format string, list []*bench.Series) error {
	all := panels(list)
	var plots []*plot.Plot
	for _, p := range all {
		one, err := p.sweep()
		if err != nil {
			return fmt.Errorf("draw a sweep: %w", err)
		}
		plots = append(plots, one)
	}
	height := vg.Length(len(all))*sweepHeight + below
	err := write(to, format, sweepWidth, height, func(c draw.Canvas) {
		for i, p := range plots {
			top := height - vg.Length(i)*sweepHeight
			p.Draw(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
				Min: vg.Point{X: margin, Y: top - sweepHeight + margin}, Max: vg.Point{X: sweepWidth - margin, Y: top - margin},
			}})
		}
		say(c, ink, draw.XLeft, vg.Point{X: margin, Y: below / 2},
			"solid: median; dashed: p99; dotted: the bound. A quantile that never came has no point.")
	})
	if err != nil {
		return fmt.Errorf("draw a sweep: %w", err)
	}
	return nil
}

// sweep makes the plot of a panel.
func (p panel) sweep() (*plot.Plot, error) {
	made := plot.New()
	made.Title.Text = p.title
	made.X.Label.Text, made.Y.Label.Text = p.rows[0].Set.Name, "seconds until fresh"
	for _, style := range []*draw.TextStyle{
		&made.Title.TextStyle, &made.X.Label.TextStyle, &made.Y.Label.TextStyle, &made.X.Tick.Label, &made.Y.Tick.Label, &made.Legend.TextStyle,
	} {
		style.Font.Variant, style.Font.Size = "Sans", textSize
	}
	made.Y.Min = 0
	made.Legend.Top, made.Legend.Left = true, true
	made.Legend.Padding = smallGap
	made.Add(plotter.NewGrid())
	var managers []string
	var values []time.Duration
	for _, s := range p.rows {
		if !slices.Contains(managers, s.Manager) {
			managers = append(managers, s.Manager)
		}
		if !slices.Contains(values, s.Set.Value) {
			values = append(values, s.Set.Value)
		}
	}
	made.X.Tick.Marker = valueTicks(values)
	for i, name := range managers {
		shade, shape := shades[i%len(shades)], shapes[i%len(shapes)]
		for _, line := range []struct {
			of     func(bench.Summary) time.Duration
			dashes []vg.Length
			marked bool
		}{
			{func(s bench.Summary) time.Duration { return s.Bound }, []vg.Length{vg.Millimeter / 4, vg.Millimeter}, false},
			{func(s bench.Summary) time.Duration { return orNever(s.Took.Quantile(0.99)) }, []vg.Length{2 * vg.Millimeter, vg.Millimeter}, true},
			{func(s bench.Summary) time.Duration { return orNever(s.Took.Quantile(0.5)) }, nil, true},
		} {
			points := p.points(name, line.of)
			if len(points) == 0 {
				continue
			}
			drawn, marks, err := plotter.NewLinePoints(points)
			if err != nil {
				return nil, err
			}
			drawn.Color, drawn.Width, drawn.Dashes = shade, vg.Millimeter/3, line.dashes
			marks.GlyphStyle = draw.GlyphStyle{Color: shade, Shape: shape, Radius: vg.Millimeter}
			made.Add(drawn)
			if line.marked {
				made.Add(marks)
			}
			if line.dashes == nil {
				made.Legend.Add(name, drawn, marks)
			}
		}
	}
	// Room for the legend, which is in the corner above.
	made.Y.Max *= 1.1
	return made, nil
}

func orNever(took time.Duration, ok bool) time.Duration {
	if !ok {
		return bench.Never
	}
	return took
}

// points are a figure of a manager over the swept values, in their order.
func (p panel) points(manager string, of func(bench.Summary) time.Duration) (list plotter.XYs) {
	for _, s := range p.rows {
		if took := of(s.Summary()); s.Manager == manager && took != bench.Never {
			list = append(list, plotter.XY{X: s.Set.Value.Seconds(), Y: took.Seconds()})
		}
	}
	slices.SortFunc(list, func(a, b plotter.XY) int {
		if a.X < b.X {
			return -1
		}
		return 1
	})
	return list
}

// valueTicks labels the swept values themselves.
func valueTicks(values []time.Duration) plot.ConstantTicks {
	var list plot.ConstantTicks
	for _, v := range values {
		list = append(list, plot.Tick{Value: v.Seconds(), Label: v.String()})
	}
	return list
}
