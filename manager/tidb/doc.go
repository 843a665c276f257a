// Package tidb interprets TiDB's keys in a manager's views: the TiDB servers of several clusters, and the
// checkpoints of their log backup tasks.
//
//	m, err := tidb.New(tidb.Config{Manager: manager.Config{Logger: log}})
//	defer m.Close()
//	err = m.Apply(ctx, []manager.Target{{Cluster: "alpha", Endpoints: []string{"pd-0.alpha:2379"}}})
//	backends, err := m.Topology()                                      // of all clusters, at once, by cluster/address
//	next, err := m.WaitCheckpointAdvance(ctx, "alpha", "nightly", ts)  // as BR's checkpoint advancer waits
//
// The keys, all of them written by others:
//
//	/topology/tidb/<address>/{info,ttl}                            a TiDB server; it counts only with both
//	/keyspaces/tidb/<keyspace>/topology/tidb/<address>/{info,ttl}  one of a keyspace, if Config.Keyspaces asks for them
//	/tidb/br-stream/checkpoint/<task>/central_global               the global checkpoint of a log backup task
//
// If a value cannot be used, [View.Err] says so and the view keeps the previous value.
package tidb
