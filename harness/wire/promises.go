package wire

import (
	"fmt"
	"slices"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// receive checks a response on the watch against what etcd promises of a watch, and returns what is broken:
//
//   - ordered: events come in the order of their revisions;
//   - unique: no event comes twice;
//   - atomic: the events of one revision come in one response;
//   - nothing comes from before the start revision, and after a progress response nothing from up to its revision;
//   - resumable: between the start revision, or the last event, and the next event nothing is left out. A watch cannot show this by itself, so all
//     watches of a range of keys are compared.
//
// The promises are those of etcd's documentation ("KV API guarantees", section "Watch APIs").
func (w *watch) receive(r *pb.WatchResponse) (broken []string) {
	from, before := w.reached, w.last
	var revisions []int64
	for _, e := range r.GetEvents() {
		revision, key := e.GetKv().GetModRevision(), string(e.GetKv().GetKey())
		switch {
		case revision == w.last && w.keys[key]:
			broken = append(broken, fmt.Sprintf("the event of key %s at revision %d came twice", key, revision))
		case revision < w.start:
			broken = append(broken, fmt.Sprintf("an event of revision %d came, from before the start revision %d", revision, w.start))
		case revision < w.last:
			broken = append(broken, fmt.Sprintf("an event of revision %d came after one of revision %d", revision, w.last))
		case revision == before && !w.fragments && len(revisions) == 0:
			broken = append(broken, fmt.Sprintf("the events of revision %d came in more than one response", revision))
		case revision <= from && revision > before:
			broken = append(broken, fmt.Sprintf("an event of revision %d came after progress of revision %d was announced", revision, from))
		}
		if revision > w.last {
			w.last, w.keys = revision, map[string]bool{}
			revisions = append(revisions, revision)
		}
		if revision == w.last {
			w.keys[key] = true
		}
	}
	w.reached = max(w.reached, w.last)
	if len(r.GetEvents()) == 0 && !r.GetCreated() {
		w.reached = max(w.reached, r.GetHeader().GetRevision())
	}
	if w.coverage != nil && w.reached > from {
		for _, lost := range w.coverage.add(from, w.reached, revisions) {
			broken = append(broken, fmt.Sprintf("the event of revision %d never came on a watch that had it to deliver", lost))
		}
	}
	return broken
}

// coverage is what the watches of one range of keys have delivered.
type coverage struct {
	mu      sync.Mutex
	known   []int64    // the revisions of which some watch has delivered events, in order
	covered [][2]int64 // the spans of revisions after the first, up to the second, that some watch has covered; disjoint and in order
}

// add notes that a watch has gone from one revision to another and delivered events of these revisions, and returns the revisions that it, or a watch
// before it, has left out.
func (c *coverage) add(from, to int64, revisions []int64) (lost []int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, _ := slices.BinarySearch(c.known, from+1)
	for _, k := range c.known[first:] {
		if k > to {
			break
		}
		if _, delivered := slices.BinarySearch(revisions, k); !delivered {
			lost = append(lost, k)
		}
	}
	for _, r := range revisions {
		i, found := slices.BinarySearch(c.known, r)
		if found || r <= from {
			continue
		}
		if c.covers(r) {
			lost = append(lost, r)
		}
		c.known = slices.Insert(c.known, i, r)
	}
	c.cover(from, to)
	return lost
}

func (c *coverage) covers(revision int64) bool {
	return slices.ContainsFunc(c.covered, func(s [2]int64) bool { return s[0] < revision && revision <= s[1] })
}

// cover adds a span and joins it with those that it touches.
func (c *coverage) cover(from, to int64) {
	i := 0
	for i < len(c.covered) && c.covered[i][1] < from {
		i++
	}
	j := i
	for j < len(c.covered) && c.covered[j][0] <= to {
		from, to = min(from, c.covered[j][0]), max(to, c.covered[j][1])
		j++
	}
	c.covered = slices.Replace(c.covered, i, j, [2]int64{from, to})
}
