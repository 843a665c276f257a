package oracle

import (
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// Failover measures how long a cluster's view took to be fresh again for good after since, the instant at which a fault
// began. It is the later of two instants:
//
//	staleness
//	    │        ╱│
//	    │      ╱  │                  (1) the first at which the view shows an update that was begun
//	    │    ╱    │                      after since, and is within the calm bound
//	calm├──╱──────┼────╱│──────      (2) the end of the last excursion above the calm bound that was
//	    │╱        │╱│╱  │╱│╱│            not over at since
//	    └─┴───────┴───────────► time
//	     since   took
//
// Below the calm bound staleness counts for nothing: every commit makes a blip until it is shown. The first of the two keeps
// a cluster in which nothing could be committed from being called fresh; an update that was on its way at since does not count, for it
// may have been committed just before. It is false if the view was not back when the
// record, or the manager's time with the cluster, ended; took is then zero. A fault that never made the view stale has a
// failover too: it lasts until the next update is shown.
func Failover(r *record.Record, cluster string, since time.Duration) (took time.Duration, ok bool) {
	calm := r.Bounds().Calm()
	var back time.Duration // since when the view has been fresh
	fresh := false
	for _, p := range r.Staleness(cluster) {
		switch {
		case p.Staleness > calm:
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
