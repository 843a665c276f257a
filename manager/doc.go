// Package manager keeps guarded watches and one registration on several etcd clusters at once, so that trouble in one
// cluster never reaches what is known of the others.
//
// One [Manager] owns one runtime per cluster, and clusters share nothing but the process:
//
//	Apply, Follow ──> Manager ──> runtime "alpha" ──┬── guard.Client   connections, members, quarantine
//	View, OnChange <─ (View)      runtime "beta"    ├── guard.Watch    one for each of Config.Prefixes
//	Cluster        ── (handle) ─> ...               ├── registration   Registration.Keys under a lease
//	                                                └── network        name servers, TLS files, the shared HTTP client
//
// To adopt it, say which clusters there are, as often as that changes, and read what it knows:
//
//	m, err := manager.New(manager.Config{Prefixes: []string{"/services/"}, Logger: log})
//	defer m.Close()
//	err = m.Apply(ctx, []manager.Target{{Cluster: "alpha", Endpoints: []string{"etcd-0.alpha:2379"}}})
//	view, ok := m.View("alpha")          // keys and values of each prefix, revision, health
//	alpha, err := m.Cluster("alpha")     // a handle: dialing, HTTP, etcd reads
//
// Clusters may also come from a channel ([Manager.Follow]). A cluster that cannot be reached is no error but is
// retried; one whose target changed is served by its old runtime until the new one has caught up. No cluster is the
// primary one: a call names its cluster, and has a defined answer whether there are none, one or many.
//
// The manager knows no key: which prefixes it watches and which keys it registers is configuration. Package
// manager/tidb makes TiDB's topology and checkpoints of the views, package manager/tiproxy has TiProxy's registration,
// configuration file and metrics queries. How a stale member is noticed is the business of package manager/guard, which
// can be taken alone by whoever wants one watch of one cluster.
//
// Name servers, TLS files and the shared HTTP client are here and not in manager/tiproxy, since they are how a cluster
// is reached: they belong to its [Target], decide whether a target changed, serve etcd's connections too, and end with
// the cluster's runtime.
//
// All waits are on channels, timers and contexts made by the manager or handed to it, and no lock is held while
// waiting, so a manager also runs in virtual time, in a testing/synctest bubble.
package manager
