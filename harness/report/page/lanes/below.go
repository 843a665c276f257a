package lanes

import (
	"fmt"
	"math"
	"strings"
)

const (
	watchHigh  = 18
	saysHigh   = 16
	updateHigh = 30
	seenHigh   = 16 // the lower half of that, for a further manager
	strokeHigh = 12
	curveHigh  = 84
	quietHigh  = 44 // the curve of a cluster in which nothing happened
)

// watch draws the lane of the watches of a key: a bar on each member on which one sat, and why it was attached anew.
func (c *canvas) watch(w watchLane) {
	y := c.lane(watchHigh)
	text := y + watchHigh/2 + textDown
	c.name("name key", text, w.key)
	for _, s := range w.sits {
		tip := "watch of " + w.key + " on " + s.member
		if s.why != "" {
			tip += ": " + s.why
		}
		c.band("watch", s.from, s.to, y+1, watchHigh-2, tip)
	}
	for _, h := range w.hurts {
		c.hatched("hurt "+h.pattern, h.pattern, h.from, h.to, y+1, watchHigh-2, "the watch sits on a member that is "+h.word)
	}
	for _, s := range w.sits {
		long := "on " + s.member
		if s.why != "" {
			long += " · " + s.why
		}
		c.label("on watch", s.from, s.to, text, long, s.member)
	}
}

// says draws what the manager said of its own view.
func (c *canvas) says(claims []role) {
	if len(claims) == 0 {
		return
	}
	y := c.lane(saysHigh)
	c.name("name", y+saysHigh/2+textDown, "manager says")
	for _, s := range claims {
		c.band("says "+s.is, s.from, s.to, y+1, saysHigh-2, "the manager says that its view is "+s.words)
		c.label("on says", s.from, s.to, y+saysHigh/2+textDown, "“"+s.words+"”", s.short)
	}
}

// committed draws the committed updates of a cluster upwards, so that those that a view showed can hang below them. They are drawn once, under an id, and shown
// again for each further manager.
func (c *canvas) committed(instants []float64, id string, again bool) {
	y := c.y
	c.y += updateHigh - seenHigh
	c.name("name", y+10, "committed ▲")
	if again {
		fmt.Fprintf(&c.scaled, `<use class="committed" href="#%s" y="%d"/>`, id, y+1)
		return
	}
	var above strokes
	for _, at := range instants {
		above.add(at, 0, strokeHigh)
	}
	fmt.Fprintf(&c.scaled, `<g transform="translate(0 %d)"><path id="%s" class="committed" vector-effect="non-scaling-stroke" d="%s"/></g>`, y+1, id, above.path())
}

// seen draws the updates that a view showed downwards from a line, and when it stood still.
func (c *canvas) seen(instants []float64, still []span) {
	middle := c.lane(seenHigh)
	c.name("name", middle+12, "seen ▼")
	c.band("middle", 0, c.end, middle, 1, "")
	var below strokes
	for _, at := range instants {
		below.add(at, middle+2, strokeHigh)
	}
	c.path("seen", below.path(), "")
	for _, s := range still {
		c.band("still", s.from, s.to, middle+2, strokeHigh, "the view stood still for "+short(s.length()))
		c.label("on still", s.from, s.to, middle+2+strokeHigh/2+textDown, "stood still for "+short(s.length()), short(s.length()))
	}
}

// curve draws staleness under its allowance. What is above the allowance is drawn as a violation.
func (c *canvas) curve(cl managerLanes, cluster string, tall int) {
	y := c.lane(tall)
	foot := y + tall
	top := ceiling(cl)
	k := float64(tall-12) / top // pixels a millisecond of staleness
	high := func(stale float64) float64 { return float64(foot) - k*min(stale, top*1.1) }
	c.name("name", y+10, "staleness")
	c.name("scale", y+24, short(top))
	c.name("scale", foot, "0")
	c.band("ground", 0, c.end, y, tall, "")

	var line strings.Builder
	for i, l := range cl.limits {
		if l.any {
			c.band("excused", l.from, l.to, y, tall, "any staleness is allowed: "+l.why)
			continue
		}
		c.band("allowed", l.from, l.to, int(math.Floor(high(l.max))), foot-int(math.Floor(high(l.max))), "allowed: "+short(l.max)+", "+l.why)
		if i == 0 || cl.limits[i-1].any {
			fmt.Fprintf(&line, "M%s %s", number(l.from), number(high(l.max)))
		} else if cl.limits[i-1].max != l.max {
			fmt.Fprintf(&line, "V%s", number(high(l.max)))
		}
		fmt.Fprintf(&line, "H%s", number(l.to))
	}
	dots := merged(cl.curve)
	if len(dots) > 0 {
		var d strings.Builder
		fmt.Fprintf(&d, "M%s %d", number(dots[0].at), foot)
		for _, p := range dots {
			fmt.Fprintf(&d, "L%s %s", number(p.at), number(high(p.stale)))
		}
		outline := d.String()
		c.path("under", fmt.Sprintf("%sV%dZ", outline, foot), "")
		c.path("stale", outline, fmt.Sprintf(` data-foot="%d" data-k="%s" data-cluster="%s"`, foot, precise(k), escaped(cluster)))
		for _, o := range cl.over {
			c.path("over", overPath(dots, o, foot, high), ` data-tip="staler than allowed"`)
		}
	}
	c.path("limit", line.String(), "")
	for _, l := range joined(cl.limits) {
		if l.any {
			c.label("on excused", l.from, l.to, y+12, l.why, "")
		}
	}
}

// ceiling is the staleness at the top of the picture: a little more than the largest that there was after the view was first complete, and than calm.
func ceiling(cl managerLanes) float64 {
	top := 1000.0
	for _, d := range cl.curve {
		top = max(top, d.stale)
	}
	for _, l := range cl.limits {
		if !l.any {
			top = max(top, l.max)
		}
	}
	return top
}

// merged leaves out the dots that lie on the line between their neighbours, and drops too small to be seen.
func merged(dots []dot) []dot {
	var kept []dot
	for _, d := range dots {
		d = dot{math.Round(d.at), math.Round(d.stale)}
		for len(kept) >= 2 {
			a, b := kept[len(kept)-2], kept[len(kept)-1]
			if math.Abs((b.stale-a.stale)*(d.at-a.at)-(d.stale-a.stale)*(b.at-a.at)) > 0.5*(d.at-a.at) || (a.at == b.at && b.at == d.at) {
				break
			}
			kept = kept[:len(kept)-1]
		}
		kept = append(kept, d)
	}
	return kept
}

// overPath is the area under the curve in a time in which it is above its allowance.
func overPath(dots []dot, o span, foot int, high func(float64) float64) string {
	var d strings.Builder
	fmt.Fprintf(&d, "M%s %dL%s %s", number(o.from), foot, number(o.from), number(high(staleAt(dots, o.from))))
	for _, p := range dots {
		if p.at > o.from && p.at <= o.to {
			fmt.Fprintf(&d, "L%s %s", number(p.at), number(high(p.stale)))
		}
	}
	fmt.Fprintf(&d, "L%s %s", number(o.to), number(high(staleAt(dots, o.to))))
	fmt.Fprintf(&d, "V%dz", foot)
	return d.String()
}

// staleAt is the staleness just before an instant, on the line between two dots.
func staleAt(dots []dot, at float64) float64 {
	for i := 1; i < len(dots); i++ {
		a, b := dots[i-1], dots[i]
		if a.at < at && at <= b.at {
			return a.stale + (b.stale-a.stale)*(at-a.at)/(b.at-a.at)
		}
	}
	return 0
}

// joined joins neighbouring limits for which any staleness is allowed and the reason is the same.
func joined(limits []limit) []limit {
	var list []limit
	for _, l := range limits {
		if n := len(list); n > 0 && l.any && list[n-1].any && list[n-1].why == l.why && list[n-1].to == l.from {
			list[n-1].to = l.to
			continue
		}
		list = append(list, l)
	}
	return list
}

// short prints milliseconds as a person would write them.
func short(ms float64) string {
	switch {
	case ms < 1000:
		return fmt.Sprintf("%.0fms", ms)
	case ms < 60_000:
		return strings.TrimSuffix(strings.TrimSuffix(fmt.Sprintf("%.2f", ms/1000), "0"), ".0") + "s"
	case ms < 3_600_000:
		return fmt.Sprintf("%.0fm%02.0fs", math.Floor(ms/60_000), math.Mod(ms, 60_000)/1000)
	}
	return fmt.Sprintf("%.0fh%02.0fm", math.Floor(ms/3_600_000), math.Floor(math.Mod(ms, 3_600_000)/60_000))
}

func precise(n float64) string { return fmt.Sprintf("%.6g", n) }
