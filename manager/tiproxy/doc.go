// Package tiproxy has the parts of a manager that only TiProxy needs: its registration, and queries to the Prometheus of
// each cluster.
//
//	instance := tiproxy.Instance{Address: "10.0.0.8:6000", Version: version}
//	registration, err := instance.Registration()
//	m, err := tidb.New(tidb.Config{Manager: manager.Config{Registration: registration}})
//	metrics := tiproxy.Querier{Manager: m.Manager}
//	answer, err := metrics.Query(ctx, "up", time.Now())       // of all clusters, with the label cluster
//
// Package manager/tiproxy/config makes the manager follow TiProxy's configuration file. The name servers, TLS files and
// shared HTTP client of a cluster are in manager.Target and manager.Cluster.
package tiproxy
