// Package tiproxy has what TiProxy needs of a manager and nobody else does: how it registers itself, and how it asks
// the Prometheus of each cluster for metrics.
//
//	instance := tiproxy.Instance{Address: "10.0.0.8:6000", Version: version}
//	registration, err := instance.Registration()
//	m, err := tidb.New(tidb.Config{Manager: manager.Config{Registration: registration}})
//	metrics := tiproxy.Querier{Manager: m.Manager}
//	answer, err := metrics.Query(ctx, "up", time.Now())       // of all clusters, with the label cluster
//
// Package manager/tiproxy/config makes the manager follow TiProxy's configuration file. Name servers, TLS files and the
// shared HTTP client of a cluster are manager.Target's and manager.Cluster's.
package tiproxy
