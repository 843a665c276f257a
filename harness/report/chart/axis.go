package chart

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// axis is a horizontal axis from min to max, between two places on the canvas.
type axis struct {
	min, max float64
	from, to vg.Length
}

// at is the place of a value.
func (a axis) at(value float64) vg.Length {
	share := (value - a.min) / (a.max - a.min)
	return a.from + vg.Length(share)*(a.to-a.from)
}

// draw draws the ticks between two heights, each with a faint line and its value below. The unit is written after each value.
func (a axis) draw(c draw.Canvas, bottom, top vg.Length, unit string) {
	for _, t := range a.ticks() {
		x := a.at(t)
		stroke(c, grid, lineWidth, nil, vg.Point{X: x, Y: bottom}, vg.Point{X: x, Y: top})
		say(c, faint, draw.XCenter, vg.Point{X: x, Y: bottom - textSize}, strconv.FormatFloat(t, 'f', -1, 64)+unit)
	}
	stroke(c, faint, lineWidth, nil, vg.Point{X: a.from, Y: bottom}, vg.Point{X: a.to, Y: bottom})
}

// ticks are the values that have a label.
func (a axis) ticks() (list []float64) {
	for _, t := range (plot.DefaultTicks{}).Ticks(a.min, a.max) {
		if !t.IsMinor() && t.Value <= a.max {
			list = append(list, rounded(t.Value))
		}
	}
	return list
}

// rounded removes the errors of floating point arithmetic from the value of a tick.
func rounded(value float64) float64 { return math.Round(value*1e6) / 1e6 }
