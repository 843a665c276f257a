package report

// Managed is what one manager of a run did and showed, and how it was judged.
type Managed struct {
	// Watches are in the order in which they were opened.
	Watches []Watch `json:"watches"`
	// Views are the changes of what the manager showed, Healths those of what it said of its own view.
	Views   []View   `json:"views"`
	Healths []Health `json:"healths"`
	// Errors are the errors that the manager reported with its views, each from when it was new.
	Errors []Error `json:"errors"`
	// Claims are the times in which it claimed to own something, Keys the changes of whether its own keys stood. Both are empty for a manager that has
	// nothing of the kind.
	Claims []Claim `json:"claims,omitempty"`
	Keys   []Keys  `json:"keys,omitempty"`
	// Staleness is how stale the views were and might be. There is one for each time in which the manager had a cluster.
	Staleness  []Staleness `json:"staleness"`
	Violations []Violation `json:"violations"`
}

// Other is a further manager of the same world, by its number, which is 2 or more.
type Other struct {
	Number int `json:"manager"`
	Managed
}

// Watch is a watch of the manager on a member. Closed is negative if it was open at the end. Why says what the manager said last before it opened this
// watch in place of an earlier one on the same key; empty if it said nothing, or there was no earlier one.
type Watch struct {
	Cluster string  `json:"cluster"`
	Member  string  `json:"member"`
	Key     string  `json:"key"`
	Opened  float64 `json:"opened_ms"`
	Closed  float64 `json:"closed_ms"`
	Why     string  `json:"why,omitempty"`
}

// View is a change of what the manager showed of a cluster.
type View struct {
	At       float64 `json:"at_ms"`
	Cluster  string  `json:"cluster"`
	Revision int64   `json:"revision,omitempty"`
	// Changes are the new values, each as "subject = value" or "subject gone".
	Changes []string `json:"changes,omitempty"`
}

// Health is what the manager said of its own view of a cluster from an instant on: "up to date", "out of date", or nothing.
type Health struct {
	At      float64 `json:"at_ms"`
	Cluster string  `json:"cluster"`
	Claim   string  `json:"claim,omitempty"`
}

// Error is an error that the manager reported with the view of a cluster. Idle is the idle timeout that it names, if it is one of those.
type Error struct {
	At      float64 `json:"at_ms"`
	Cluster string  `json:"cluster"`
	Text    string  `json:"text"`
	Idle    float64 `json:"idle_timeout_ms,omitempty"`
}

// Staleness is how stale the view of a cluster was while the manager had it. Points are pairs of an instant and the age of the oldest committed update
// that was not shown; between two points it changes evenly. Limits are what was allowed, without a gap.
type Staleness struct {
	Cluster string       `json:"cluster"`
	From    float64      `json:"from_ms"`
	To      float64      `json:"to_ms"`
	Points  [][2]float64 `json:"points"`
	Limits  []Limit      `json:"limits"`
}

// Limit is how stale a view might be for a time, and why. Any says that any staleness was allowed.
type Limit struct {
	From float64 `json:"from_ms"`
	To   float64 `json:"to_ms"`
	Any  bool    `json:"any,omitempty"`
	Max  float64 `json:"max_ms,omitempty"`
	Why  string  `json:"why"`
}

// Violation is where and when a failed verdict's evidence begins.
type Violation struct {
	At      float64 `json:"at_ms"`
	Cluster string  `json:"cluster,omitempty"`
	Oracle  string  `json:"oracle"`
}

// Claim is a time in which a manager claimed to own a thing. Key is its key that makes it the owner, Lease the lease of that key, in hexadecimal digits. To is
// negative if it claimed the thing until the end.
type Claim struct {
	Cluster string  `json:"cluster"`
	Thing   string  `json:"thing"`
	Key     string  `json:"key"`
	Lease   string  `json:"lease"`
	From    float64 `json:"from_ms"`
	To      float64 `json:"to_ms"`
}

// Holding is a time in which a key of somebody who owned a thing, or waited to own it, stood in a cluster. Thing is what claims call it; if nobody claimed it,
// the prefix of its keys. To is negative if the key stood until the end; else Member is the member that showed that it was gone.
type Holding struct {
	Cluster string  `json:"cluster"`
	Thing   string  `json:"thing"`
	Key     string  `json:"key"`
	Lease   string  `json:"lease"`
	From    float64 `json:"from_ms"`
	To      float64 `json:"to_ms"`
	Member  string  `json:"member,omitempty"`
}

// Keys say from an instant on how many keys of its own the manager kept in a cluster, which of them were missing, and which keys of others that it must not
// touch were gone.
type Keys struct {
	At      float64  `json:"at_ms"`
	Cluster string   `json:"cluster"`
	Own     int      `json:"own,omitempty"`
	Missing []string `json:"missing,omitempty"`
	Foreign []string `json:"foreign,omitempty"`
}
