// Package manager keeps guarded watches and one registration on several etcd clusters at once, so that a fault in one
// cluster never affects the views of the others.
//
// One [Manager] owns one runtime per cluster, and clusters share nothing but the process:
//
//	Apply, Follow ──> Manager ──> runtime "alpha" ──┬── guard.Client   connections, members, quarantine
//	View, OnChange <─ (View)      runtime "beta"    ├── guard.Watch    one for each of Config.Prefixes
//	Cluster        ── (handle) ─> ...               ├── registration   Registration.Keys under a lease
//	                                                └── network        name servers, TLS files, the shared HTTP client
//
// To use it, apply the set of clusters whenever it changes, and read the views:
//
//	m, err := manager.New(manager.Config{Prefixes: []string{"/services/"}, Logger: log})
//	defer m.Close()
//	err = m.Apply(ctx, []manager.Target{{Cluster: "alpha", Endpoints: []string{"etcd-0.alpha:2379"}}})
//	view, ok := m.View("alpha")          // keys and values of each prefix, revision, health
//	alpha, err := m.Cluster("alpha")     // a handle: dialing, HTTP, etcd reads
//
// Clusters may also come from a channel ([Manager.Follow]). A cluster that cannot be reached is no error; the manager
// tries again. A cluster whose target changed is served by its old runtime until the new one has caught up. There is no
// primary cluster: each call names its cluster, and its result is defined for no cluster, one or many.
//
// The manager knows no keys: the prefixes that it watches and the keys that it registers are configuration. Package
// manager/tidb makes TiDB's topology and checkpoints of the views. Package manager/tiproxy has TiProxy's registration,
// configuration file and metrics queries. Package manager/guard has the guarded watch, which notices a stale member; use
// it alone to watch one cluster.
//
// Name servers, TLS files and the shared HTTP client are in this package and not in manager/tiproxy, since a cluster is
// reached with them: they belong to its [Target], a change of them is a change of the target, etcd's connections use them
// too, and they end with the cluster's runtime.
//
// The manager waits only on channels, timers and contexts, and holds no lock while it waits. So it also runs in virtual
// time, in a testing/synctest bubble.
package manager
