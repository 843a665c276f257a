package tidb

// View is what is known of TiDB in one cluster at one instant. Its maps are shared between callers: they never change,
// and callers must not change them.
type View struct {
	// Backends are the TiDB servers with both keys, by address. Those of keyspaces are included if Config.Keyspaces is
	// set.
	Backends map[string]Backend
	// Checkpoints are the global checkpoints of log backup tasks, by task. A checkpoint never falls as long as its key
	// exists. After the key was deleted and created again, or the cluster restored from a backup, it may be lower.
	Checkpoints map[string]uint64
	// Revision is the revision of the cluster up to which the view is known to be complete: the lowest one of its watches.
	// It never falls, unless the cluster is restored from a backup. Zero until the cluster answered.
	Revision int64
	// Healthy is true while all its watches are healthy; see manager.View.
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
	// Keyspace is the keyspace that it serves; empty if none.
	Keyspace string `json:"-"`
	// Cluster and Stale are set by [Manager.Topology] only. Cluster is the cluster that it belongs to. Stale says that the
	// cluster cannot be watched at present, so that this is its last known state.
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
