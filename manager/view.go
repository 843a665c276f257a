package manager

// View is what a manager believes of a cluster at one instant. It is a snapshot: its maps are shared between
// callers, are never written again, and must not be written by them.
type View struct {
	// Backends are the TiDB servers that announced themselves completely, by address.
	Backends map[string]Backend
	// Checkpoints are the global checkpoints of log backup tasks, by task. A checkpoint never lowers as long as
	// its key exists; a key deleted and made anew starts anew.
	Checkpoints map[string]uint64
	// Revision of the cluster up to which the view is known to be complete: the lower one of its two watches.
	// It never lowers. Zero until the cluster answered.
	Revision int64
	// Healthy is true while both watches sit on a member.
	Healthy bool
	// Endpoint is where the topology watch sits; empty while it sits nowhere.
	Endpoint string
	// Err is the last thing that went wrong. It stays after recovery, until something else goes wrong.
	Err error
}

// Backend is a TiDB server as it announced itself.
type Backend struct {
	// Address is the host:port in its key, the one that clients connect to.
	Address        string            `json:"-"`
	Version        string            `json:"version"`
	GitHash        string            `json:"git_hash"`
	IP             string            `json:"ip"`
	StatusPort     uint              `json:"status_port"`
	DeployPath     string            `json:"deploy_path"`
	StartTimestamp int64             `json:"start_timestamp"`
	Labels         map[string]string `json:"labels"`
}
