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
// A watch checks its member in three ways. It requires a leader. It requests progress on the watch's own stream and
// leaves a member that is silent for [Options.IdleTimeout]. And every [Options.ProbeInterval] it probes: it reads the same
// keys, linearizably, through another member, the witness. If the watch does not deliver within [Options.ProbeGrace] what
// that read showed, its member is stale. One read serves all watches of a client that sit on the same members.
//
//	             ┌─ reader ══ stream ══► member m1      events, progress
//	Watch ◄──────┤                                      ▲ compared
//	(Snapshot)   └─ reader ══ stream ══► member m2      │  (the second with Options.Hedged only)
//	                 └── probe ────────► member m3 ─────┘  a linearizable read
//
// A member found silent or stale goes into quarantine: all watches of the [Client] leave it and avoid it for
// [Options.Quarantine], as long as there are other members. A watch resumes at the revision that it reached, and reads the
// keys again if that revision is compacted, or the cluster was away or restored from a backup ([Snapshot.History]). With [Options.Hedged] a watch has two readers on two members and takes what
// comes first.
//
// All watches of a Client share its connections, with one client per member, and its member list, which is read from the
// cluster. The Client waits only on channels, timers and contexts, and holds no lock while it waits, so it also runs in a
// testing/synctest bubble.
package guard
