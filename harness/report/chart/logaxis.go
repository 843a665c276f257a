package chart

import (
	"math"
	"strconv"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// logAxis is a horizontal axis of seconds from min to max, which are above zero, between two places on the canvas: equal distances are equal factors.
type logAxis struct {
	min, max float64
	from, to vg.Length
}

// shortest is the smallest value that an axis shows; smaller ones, zero among them, are drawn at its beginning.
const shortest = 0.01

// rounded is the axis with ends that have a label. An axis without values is one of one second.
func (a logAxis) rounded() logAxis {
	if a.max < a.min {
		a.min, a.max = 0.1, 1
	}
	low, high := shortest, shortest
	for next := range steps() {
		if next <= a.min {
			low = next
		}
		high = next
		if next >= a.max && next > low {
			break
		}
	}
	a.min, a.max = low, high
	return a
}

// steps yields the values that have a line: 0.01, 0.02, 0.05, 0.1, and so on without an end.
func steps() func(yield func(float64) bool) {
	return func(yield func(float64) bool) {
		for decade := shortest; ; decade *= 10 {
			for _, factor := range []float64{1, 2, 5} {
				if !yield(rounded(decade * factor)) {
					return
				}
			}
		}
	}
}

// at is the place of a value.
func (a logAxis) at(value float64) vg.Length {
	share := math.Log(max(value, a.min)/a.min) / math.Log(a.max/a.min)
	return a.from + vg.Length(share)*(a.to-a.from)
}

// draw draws a faint line for each step between two heights, and its value below where there is room for it.
func (a logAxis) draw(c draw.Canvas, bottom, top vg.Length) {
	written := a.from - vg.Centimeter
	for step := range steps() {
		if step > a.max {
			break
		}
		if step < a.min {
			continue
		}
		x := a.at(step)
		stroke(c, grid, lineWidth, nil, vg.Point{X: x, Y: bottom}, vg.Point{X: x, Y: top})
		text := strconv.FormatFloat(step, 'f', -1, 64) + " s"
		if half := textStyle().Width(text) / 2; x-half > written+smallGap {
			say(c, faint, draw.XCenter, vg.Point{X: x, Y: bottom - textSize}, text)
			written = x + half
		}
	}
	stroke(c, faint, lineWidth, nil, vg.Point{X: a.from, Y: bottom}, vg.Point{X: a.to, Y: bottom})
}
