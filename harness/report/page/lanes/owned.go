package lanes

import (
	"slices"
	"strings"
)

const (
	claimHigh = 14 // the upper part of a row: the claim of a manager
	keyHigh   = 4  // the lower part: whether a key stood
	keysHigh  = 16
)

// thing draws the lane of a thing that can be owned: the claims of each manager, and below each the key on which it rests. So two owners stand one under the
// other, and a claim without its key has nothing under it.
func (c *canvas) thing(t thingLane) {
	for i, row := range t.rows {
		high := claimHigh + keyHigh + 1
		if row.manager == "" {
			high = keyHigh
		}
		y := c.lane(high)
		if i == 0 {
			c.name("name", y+claimHigh/2+textDown, t.name)
		}
		for _, claim := range row.claims {
			c.band("claim", claim.from, claim.to, y, claimHigh, row.manager+" claims to own "+t.name+" (lease "+claim.lease+")")
		}
		for _, w := range t.wrong {
			if w.on(i) {
				c.hatched("wrongly", "wrong", w.from, w.to, y, claimHigh, t.name+" is claimed "+w.words+" for "+short(w.length()))
			}
		}
		for _, key := range row.keys {
			c.band("standing", key.from, key.to, y+high-keyHigh, keyHigh, "the key "+key.key+" stands in the cluster")
		}
		for _, piece := range t.labels(i) {
			c.label("on "+piece.is, piece.from, piece.to, y+claimHigh/2+textDown, piece.words, piece.short)
		}
	}
}

// labels are the texts on a row of claims: who claims, and in which times that is wrong.
func (t thingLane) labels(row int) (list []role) {
	r := t.rows[row]
	for _, claim := range r.claims {
		edges := []float64{claim.from, claim.to}
		for _, w := range t.wrong {
			if shared := w.and(claim.span); w.on(row) && shared.length() > 0 {
				edges = append(edges, shared.from, shared.to)
			}
		}
		slices.Sort(edges)
		edges = slices.Compact(edges)
		for i := 1; i < len(edges); i++ {
			piece := span{edges[i-1], edges[i]}
			var wrong []string
			for _, w := range t.wrong {
				if w.on(row) && w.and(piece).length() > 0 {
					wrong = append(wrong, w.words)
				}
			}
			if len(wrong) == 0 {
				list = append(list, role{span: piece, is: "claim", words: "owned by " + r.manager, short: "owned"})
			} else {
				list = append(list, role{span: piece, is: "wrongly", words: strings.Join(wrong, ", "), short: short(piece.length())})
			}
		}
	}
	return list
}

// keys draws whether the manager's own keys stand.
func (c *canvas) keys(states []role) {
	if len(states) == 0 {
		return
	}
	y := c.lane(keysHigh)
	c.name("name", y+keysHigh/2+textDown, "own keys")
	for _, s := range states {
		tip := s.words
		if s.is != "foreign" {
			tip = "the manager's own keys: " + s.words
		}
		c.band("keys "+s.is, s.from, s.to, y+1, keysHigh-2, tip)
		c.label("on keys "+s.is, s.from, s.to, y+keysHigh/2+textDown, s.words, s.short)
	}
}
