// Package manager keeps long-lived watches and one registration on several etcd clusters at once, and notices
// when what it sees has gone stale.
//
// One [Manager] owns one runtime per cluster, and clusters share nothing but the process:
//
//	Apply, Follow ──> Manager ──> runtime "alpha" ──┬── pool          a client per member, who failed, who is in quarantine
//	View, Topology <─ (snapshot)  runtime "beta"    ├── guarded watch /topology/tidb/
//	Cluster        ── (handle) ─> ...               ├── guarded watch /tidb/br-stream/checkpoint/
//	                                                ├── registration  /topology/tiproxy/<address>/{info,ttl} under a lease
//	                                                ├── network       name servers, TLS files, the shared HTTP client
//	                                                └── board         the published view
//
// To adopt it, say which clusters there are, as often as that changes, and read what it knows:
//
//	m, err := manager.New(manager.Config{Logger: log, Registration: manager.Registration{Address: "10.0.0.8:6000"}})
//	defer m.Close()
//	err = m.Apply(ctx, []manager.Target{{Cluster: "alpha", Endpoints: []string{"pd-0.alpha:2379"}}})
//	backends, err := m.Topology()              // of all clusters, at once, by cluster/address
//	alpha, err := m.Cluster("alpha")           // a handle: dialing, HTTP, etcd reads, metrics
//	answer, err := m.Query(ctx, "up", time.Now())
//
// Clusters may also come from a channel ([Manager.Follow]), and package manager/config fills one from TiProxy's
// configuration file. A cluster that cannot be reached is no error but is retried; one whose target changed is served
// by its old runtime until the new one has caught up. No cluster is the primary one: a call names its cluster, and
// has a defined answer whether there are none, one or many.
//
// A guarded watch sits on one member, or hedged on two, and distrusts it in three ways. It asks for progress on the
// watch's own stream and leaves a member that stays silent for the idle timeout; it begins with the last revision it
// reached, since on a watch that begins past the store's etcd answers no progress. It requires a leader. And, because a
// leader whose disk hangs keeps answering progress while it delivers nothing and calls itself leader, it reads the same
// keys through another member every probe interval: what that read shows, the watch must deliver within a grace
// period, or the member is stale, goes into quarantine, and the watch continues elsewhere.
//
// With Config.Hedged a guarded watch does this on two members at once and merges what they say, key by key. What it
// learns of a checkpoint, Manager.WaitCheckpointAdvance and Manager.Checkpoints hand on.
//
// All waits are on channels, timers and contexts made by the manager or handed to it, and no lock is held while
// waiting, so a manager also runs in virtual time, in a testing/synctest bubble.
package manager
