package tidb

// View is what is known of TiDB in one cluster at one instant. It is a snapshot: its maps are shared between
// callers, are never written again, and must not be written by them.
type View struct {
	// Backends are the TiDB servers that announced themselves completely, by address; those of keyspaces too, if
	// Config.Keyspaces asks for them.
	Backends map[string]Backend
	// Checkpoints are the global checkpoints of log backup tasks, by task. A checkpoint never lowers as long as
	// its key exists; a key deleted and made anew starts anew.
	Checkpoints map[string]uint64
	// Revision of the cluster up to which the view is known to be complete: the lowest one of its watches.
	// It never lowers. Zero until the cluster answered.
	Revision int64
	// Healthy is true while all its watches are attached to a member; see manager.View.
	Healthy bool
	// Endpoint is the member that the topology's watch is attached to; empty while it is attached to none.
	Endpoint string
	// Err is the last thing that went wrong. It stays after recovery, until something else goes wrong.
	Err error

	checkpoints map[string]checkpointState
}

// Backend is a TiDB server as it announced itself.
type Backend struct {
	// Address is the host:port in its key, the one that clients connect to.
	Address string `json:"-"`
	// Keyspace is the one it serves; empty for a server of no keyspace.
	Keyspace string `json:"-"`
	// Cluster and Stale are known in a [Manager.Topology] only: which cluster it belongs to, and whether that cluster
	// cannot be asked at present, so that this is how it was last seen.
	Cluster string `json:"-"`
	Stale   bool   `json:"-"`

	Version        string            `json:"version"`
	GitHash        string            `json:"git_hash"`
	IP             string            `json:"ip"`
	StatusPort     uint              `json:"status_port"`
	DeployPath     string            `json:"deploy_path"`
	StartTimestamp int64             `json:"start_timestamp"`
	Labels         map[string]string `json:"labels"`
}
