// Package manager keeps long-lived watches and one registration on several etcd clusters at once, and notices
// when what it sees has gone stale.
//
// One [Manager] owns one runtime per cluster, and clusters share nothing but the process:
//
//	Apply ──> Manager ──> runtime "alpha" ──┬── pool          a client per member, who failed, who is in quarantine
//	View  <── (snapshot)  runtime "beta"    ├── guarded watch /topology/tidb/
//	                      ...               ├── guarded watch /tidb/br-stream/checkpoint/
//	                                        ├── registration  /topology/tiproxy/<address>/{info,ttl} under a lease
//	                                        └── board         the published view
//
// A guarded watch sits on one member and distrusts it in three ways. It asks for progress on the watch's own
// stream and leaves a member that stays silent for the idle timeout. It requires a leader. And, because a leader
// whose disk hangs keeps answering progress while it delivers nothing and calls itself leader, it reads the same
// keys through another member every probe interval: what that read shows, the watch must deliver within a grace
// period, or the member is stale, goes into quarantine, and the watch continues elsewhere.
//
// All waits are on channels, timers and contexts made by the manager or handed to it, and no lock is held while
// waiting, so a manager also runs in virtual time, in a testing/synctest bubble.
package manager
