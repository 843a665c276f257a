package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var slowApply = &kind{
	name: "SlowApply", takes: onMemberSlowly,
	about: "the member waits before it applies each committed entry",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, late(on.delay), point.Apply),
			Allowance: slowed(w, on.delay, on.member.Leads()),
		}, mustRun(on.member)
	},
}

// SlowApply makes a member wait before it applies committed entries: a slow backend, a defragmentation, a long compaction. In virtual time
// each entry waits for delay, on embedded etcd for up to delay. The member goes on in raft, and leads on if it leads.
func SlowApply(m harness.Referrer, delay time.Duration) Fault { return slowApply.slow(m, delay) }

var hangApply = &kind{
	name: "HangApply", takes: onMember,
	about: "the member applies no committed entry; it goes on in raft",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, hold, point.Apply),
			Allowance: allow("stale member", w.Bounds().StaleMember()),
		}, mustRun(on.member)
	},
}

// HangApply is [SlowApply] until it is healed.
func HangApply(m harness.Referrer) Fault { return hangApply.on(m) }
