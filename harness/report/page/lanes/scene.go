package lanes

// scene is what a picture shows of a run.
type scene struct {
	clusters []clusterLanes
	marks    []mark
	end      float64
}

// clusterLanes are the lanes of a cluster: its members, what can be owned there, and a part for each manager.
type clusterLanes struct {
	name     string
	note     string // what there is to know of it at a glance
	quiet    bool   // no fault, no view staler than allowed, and nothing claimed wrongly
	hurts    []hurt
	members  []memberLane
	things   []thingLane
	commits  []float64
	managers []managerLanes
}

// managerLanes are the lanes of what one manager did and showed in a cluster.
type managerLanes struct {
	number  int // zero if there is only one manager
	keys    []role
	watches []watchLane
	says    []role // what the manager said of its view
	seen    []float64
	curve   []dot
	limits  []limit
	still   []span // the view showed nothing new although something was committed
	over    []span // the view is staler than allowed
}

// memberLane is the lane of a member.
type memberLane struct {
	name  string
	roles []role
	hurts []hurt
	sits  [][]span // for each manager, the times in which a watch of it was on this member
}

// watchLane is the lane of the watches of one key. Watches that were open at the same time have lanes of their own.
type watchLane struct {
	key   string
	sits  []sitting
	hurts []hurt // the faults on the member on which it sat, while it sat there
}

// sitting is one watch.
type sitting struct {
	span
	member string
	why    string // why it was opened again, or moved; empty for the first
}

// dot is a point of the curve of staleness.
type dot struct{ at, stale float64 }

// limit is how stale the view may be for a time.
type limit struct {
	span
	any bool
	max float64
	why string
}

// mark is an instant that stands out. Cluster is empty if it is of the whole run.
type mark struct {
	at      float64
	is      string // a class of the style sheet: "violation", "cause"
	cluster string
	manager int // of which manager, if there are several and it is one's
	text    string
}
