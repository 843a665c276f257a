package record

import "time"

// Recovery measures how long a cluster's view took to be fresh again for good after since, the instant at which a fault
// began. The recovery ends at the later of two instants:
//
//	staleness
//	    │        ╱│
//	    │      ╱  │                  (1) the first at which the view shows an update that was begun
//	    │    ╱    │                      after since, and is no staler than calm
//	calm├──╱──────┼────╱│──────      (2) the end of the last time above calm that had not
//	    │╱        │╱│╱  │╱│╱│            ended at since
//	    └─┴───────┴───────────► time
//	     since   took
//
// Staleness up to calm does not count: every commit causes some until it is shown. Because of (1), a view is not called fresh merely because
// nothing could be committed. An update that had begun before since does not count for (1), since it may have been committed before since.
// Lasting allowances are added to calm while they apply. ok is false if the view was not fresh at the end of the record or the tenure. A
// fault that never made the view stale has a recovery too, which ends when the next update is shown.
func (r *Record) Recovery(cluster string, since time.Duration) (took time.Duration, ok bool) {
	t, ok := r.TenureAt(cluster, since)
	if !ok {
		return 0, false
	}
	var back time.Duration // since when the view has been fresh
	fresh := false
	for _, p := range r.Staleness(t) {
		switch {
		case p.Staleness > r.CalmAt(cluster, p.At):
			fresh = false
		case !fresh && p.Newest > since:
			fresh, back = true, p.At
		}
	}
	if !fresh {
		return 0, false
	}
	return back - since, true
}
