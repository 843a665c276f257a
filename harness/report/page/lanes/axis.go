package lanes

import (
	"fmt"
	"math"
)

// steps are the distances between two ticks of the axis, in milliseconds.
var steps = []float64{
	1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 7200e3, 14400e3, 43200e3, 86400e3,
}

// tickRoom is how many pixels a tick needs for its label.
const tickRoom = 72

// axis draws the ticks at the top and their lines through all lanes. The script draws them anew after each zoom.
func (c *canvas) axis(high int) string {
	step := steps[len(steps)-1]
	for _, s := range steps {
		if s*c.scale() >= tickRoom {
			step = s
			break
		}
	}
	ticks := `<g class="ticks">`
	for at := math.Ceil(c.from/step) * step; at <= c.to; at += step {
		x := number(c.x(at))
		ticks += fmt.Sprintf(`<path d="M%s %dV%d"/><text x="%s" y="16">%s</text>`, x, axisHigh-4, high, x, tick(at, step))
	}
	return ticks + "</g>"
}

// tick is the label of a tick, with as many decimals as the step needs.
func tick(at, step float64) string {
	switch {
	case step < 1000:
		return fmt.Sprintf("%.*fs", int(math.Ceil(3-math.Log10(step)-1e-9)), at/1000)
	case at < 60_000 && step < 60_000:
		return fmt.Sprintf("%.0fs", at/1000)
	case step < 60_000:
		return fmt.Sprintf("%.0f:%02.0f", math.Floor(at/60_000), math.Mod(at, 60_000)/1000)
	case at < 3_600_000:
		return fmt.Sprintf("%.0fm", at/60_000)
	}
	return fmt.Sprintf("%.0fh%02.0fm", math.Floor(at/3_600_000), math.Mod(at, 3_600_000)/60_000)
}
