// Package guard watches the keys under a prefix of one etcd cluster and notices when the member it watches through has
// become stale.
//
// A plain watch trusts its member. A leader whose disk hangs goes on calling itself leader, answers progress requests
// and delivers nothing, without an error, for as long as the disk hangs. A [Watch] notices within seconds, leaves that
// member and goes on through another:
//
//	c, err := guard.Open(guard.Config{Endpoints: endpoints})
//	defer c.Close()
//	w := c.Watch("/services/", func(s guard.Snapshot) { use(s.Values) })
//
// A watch distrusts its member in three ways. It requires a leader. It asks for progress on the watch's own stream and
// leaves a member that stays silent for [Options.IdleTimeout]. And every [Options.ProbeInterval] it reads the same keys,
// linearizably, through another member: what that read shows, the watch must deliver within [Options.ProbeGrace], or
// its member is stale.
//
//	             ┌─ reader ══ stream ══► member m1      events, progress
//	Watch ◄──────┤                                      ▲ compared
//	(Snapshot)   └─ reader ══ stream ══► member m2      │  (the second with Options.Hedged only)
//	                 └── probe ────────► member m3 ─────┘  a linearizable read
//
// A member found silent or stale goes into quarantine: all watches of the [Client] leave it and avoid it for
// [Options.Quarantine], while there are others. A watch goes on at the revision it reached, and reads the keys anew if
// that revision is compacted. With [Options.Hedged] a watch has two readers on two members and takes what comes first.
//
// Watches of one Client share its connections, one client per member, and its member list, which is read from the
// cluster. No lock is held while waiting, and all waits are on channels, timers and contexts made here or handed in, so
// a Client also runs in a testing/synctest bubble.
package guard
