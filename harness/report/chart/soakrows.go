package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/stormwatch/stormwatch/harness/soak"
)

var recoveryFigures = []figure{
	{"runs", 12 * vg.Millimeter},
	{"median", 15 * vg.Millimeter},
	{"p99", 15 * vg.Millimeter},
	{"max", 15 * vg.Millimeter},
	{"allowance", 18 * vg.Millimeter},
	{"late", 11 * vg.Millimeter},
}

// paintRecoveries draws a row for each fault, and for its end. The rows of every second fault have a faint ground.
func paintRecoveries(c draw.Canvas, at vg.Point, list []soak.FaultRecovery) {
	a := recoveryAxis(list)
	a.from, a.to = at.X+faultsWidth, at.X+faultsWidth+tookWidth-2*smallGap
	width := faultsWidth + tookWidth + widthOf(recoveryFigures)
	shaded, before := true, ""
	for i, r := range list {
		name := strings.TrimSuffix(r.Fault, ", healed")
		if name != before {
			shaded, before = !shaded, name
		}
		if shaded {
			fill(c, rectangle(at.X, middleOf(at.Y, i)-rowHeight/2, width, rowHeight), ground)
		}
	}
	a.draw(c, at.Y-vg.Length(len(list))*rowHeight, at.Y)
	figures := a.to + 2*smallGap
	bold(c, vg.Point{X: at.X, Y: at.Y + headHeight/2}, "Recoveries")
	headOf(c, vg.Point{X: figures, Y: at.Y + headHeight/2}, recoveryFigures)
	for i, r := range list {
		y := middleOf(at.Y, i)
		say(c, ink, draw.XRight, vg.Point{X: a.from - 2*smallGap, Y: y}, r.Fault)
		a.recovery(c, y, r)
		late := ""
		if r.Late > 0 {
			late = fmt.Sprint(r.Late)
		}
		put(c, vg.Point{X: figures, Y: y}, recoveryFigures,
			fmt.Sprint(r.N), inSeconds(r.P50), inSeconds(r.P99), inSeconds(r.Max), inSeconds(&r.Allowance), late)
	}
}

// recovery draws the marks of a row. A quantile that was late has none but the arrow at the end of the axis.
func (a logAxis) recovery(c draw.Canvas, y vg.Length, r soak.FaultRecovery) {
	at := func(ms float64) vg.Point { return vg.Point{X: a.at(ms / 1000), Y: y} }
	if r.P50 != nil {
		end := vg.Point{X: a.to, Y: y}
		if r.Max != nil {
			end = at(*r.Max)
		}
		stroke(c, blue, lineWidth, nil, at(*r.P50), end)
		medianMark(c, at(*r.P50), halfRow)
	}
	if r.P99 != nil {
		p99Mark(c, at(*r.P99), halfRow)
	}
	if r.Max != nil {
		mostMark(c, at(*r.Max))
	}
	if r.Allowance > 0 {
		boundMark(c, at(r.Allowance), halfRow)
	}
	if r.Late > 0 {
		beyondMark(c, a.to+smallGap, y)
	}
}

// recoveryAxis reaches from the shortest median to the largest allowance or recovery.
func recoveryAxis(list []soak.FaultRecovery) logAxis {
	a := logAxis{min: math.Inf(1)}
	for _, r := range list {
		for _, ms := range []*float64{r.P50, r.P99, r.Max, &r.Allowance} {
			if ms == nil || *ms <= 0 {
				continue
			}
			a.min, a.max = min(a.min, *ms/1000), max(a.max, *ms/1000)
		}
	}
	return a.rounded()
}

// mostMark is the mark of a maximum.
func mostMark(c draw.Canvas, at vg.Point) {
	c.DrawGlyph(draw.GlyphStyle{Color: blue, Radius: smallGap * 0.7, Shape: draw.CircleGlyph{}}, at)
}

var boundFigures = []figure{{"runs", 12 * vg.Millimeter}, {"median", 14 * vg.Millimeter}, {"max", 14 * vg.Millimeter}, {"", 27 * vg.Millimeter}}

// paintBounds draws a bar for each bound, as long as the most that was used of it, with its median.
func paintBounds(c draw.Canvas, at vg.Point, list []soak.BoundUse) {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b soak.BoundUse) int { return cmp.Compare(b.Max, a.Max) })
	a := axis{max: 100, from: at.X + boundsWidth, to: at.X + boundsWidth + usedWidth - 3*smallGap}
	bottom := at.Y - vg.Length(len(list))*rowHeight
	a.draw(c, bottom, at.Y, " %")
	stroke(c, vermilion, 2*lineWidth, nil, vg.Point{X: a.to, Y: bottom}, vg.Point{X: a.to, Y: at.Y})
	figures := at.X + boundsWidth + usedWidth
	bold(c, vg.Point{X: at.X, Y: at.Y + headHeight/2}, "How near each bound came")
	headOf(c, vg.Point{X: figures, Y: at.Y + headHeight/2}, boundFigures)
	for i, b := range sorted {
		y := middleOf(at.Y, i)
		say(c, ink, draw.XRight, vg.Point{X: a.from - 2*smallGap, Y: y}, b.Bound)
		bar := rectangle(a.from, y-halfRow, a.at(100*min(b.Max, 1))-a.from, 2*halfRow)
		remark := ""
		switch {
		case !b.Approached:
			hollow(c, bar)
			remark = "never approached"
		case b.Max > 1:
			fill(c, bar, vermilion)
			beyondMark(c, a.to+2*smallGap, y)
			remark = "broken"
		default:
			fill(c, bar, blue)
		}
		if b.Approached && b.P50 <= 1 {
			upright(c, white, 2.5*lineWidth, nil, vg.Point{X: a.at(100 * b.P50), Y: y}, halfRow)
		} else if b.P50 <= 1 {
			medianMark(c, vg.Point{X: a.at(100 * b.P50), Y: y}, halfRow)
		}
		put(c, vg.Point{X: figures, Y: y}, boundFigures, fmt.Sprint(b.N), inPercent(b.P50), inPercent(b.Max), remark)
	}
}

// hollow draws the bar of a bound that was never approached: lighter than the others, and with an outline, for whoever sees no hues.
func hollow(c draw.Canvas, bar vg.Path) {
	fill(c, bar, lightBlue)
	c.SetColor(blue)
	c.SetLineWidth(lineWidth)
	c.Stroke(bar)
}

// failures counts the failures of an oracle: those of new or known groups, and those whose cause was not looked for.
type failures struct {
	oracle                  string
	kinds                   int
	count, known, remaining int
}

// failuresOf adds up the failures of a summary by oracle, those with the most first.
func failuresOf(s *soak.Summary) (list []*failures) {
	of := func(oracle string) *failures {
		i := slices.IndexFunc(list, func(f *failures) bool { return f.oracle == oracle })
		if i < 0 {
			i = len(list)
			list = append(list, &failures{oracle: oracle})
		}
		return list[i]
	}
	for _, g := range s.Failures {
		f := of(g.Oracle)
		f.kinds++
		f.count += g.Count
		if g.Status == soak.Known {
			f.known += g.Count
		}
	}
	for _, u := range s.Unexplained {
		f := of(u.Oracle)
		f.count += u.Count
		f.remaining += u.Count
	}
	slices.SortStableFunc(list, func(a, b *failures) int { return cmp.Or(b.count-a.count, cmp.Compare(a.oracle, b.oracle)) })
	return list
}

// paintFailures draws a bar for each oracle that failed.
func paintFailures(c draw.Canvas, at vg.Point, list []*failures) {
	a := axis{max: float64(list[0].count), from: at.X + faultsWidth, to: at.X + faultsWidth + tookWidth - 2*smallGap}
	bold(c, vg.Point{X: at.X, Y: at.Y + headHeight/2}, "Runs that failed, by oracle")
	for i, f := range list {
		y := middleOf(at.Y, i)
		say(c, ink, draw.XRight, vg.Point{X: a.from - 2*smallGap, Y: y}, f.oracle)
		fill(c, rectangle(a.from, y-halfRow, a.at(float64(f.count))-a.from, 2*halfRow), vermilion)
		say(c, ink, draw.XLeft, vg.Point{X: a.at(float64(f.count)) + smallGap, Y: y}, f.text())
	}
}

// text says how many failures there are, and what is known of them.
func (f *failures) text() string {
	text := fmt.Sprint(f.count)
	if f.kinds > 1 {
		text += fmt.Sprintf(" of %d kinds", f.kinds)
	}
	if f.known > 0 {
		text += fmt.Sprintf(", %d known", f.known)
	}
	if f.remaining > 0 {
		text += fmt.Sprintf(", %d not explained", f.remaining)
	}
	return text
}

// inSeconds writes milliseconds as seconds; nil is a recovery that was late.
func inSeconds(ms *float64) string {
	if ms == nil {
		return "late"
	}
	return fmt.Sprintf("%.2f s", *ms/1000)
}

// inPercent rounds down, so that only what reaches a bound says 100 %.
func inPercent(share float64) string { return fmt.Sprintf("%.0f %%", math.Floor(share*100)) }
