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

// SlowApply makes a member wait before it applies each committed entry, as with a slow backend, a defragmentation or a long compaction. In
// virtual time each entry waits for delay, on embedded etcd for up to delay. The member's raft loop goes on, so a leader stays leader.
func SlowApply(m harness.Referrer, delay time.Duration) Fault { return slowApply.slow(m, delay) }

var hangApply = &kind{
	name: "HangApply", takes: onMember,
	about: "the member applies no committed entry; its raft loop goes on",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, hold, point.Apply),
			Allowance: allow("stale member", w.Bounds().StaleMember()),
		}, mustRun(on.member)
	},
}

// HangApply makes a member apply no committed entry until it is healed. Its raft loop goes on, so a leader stays leader.
func HangApply(m harness.Referrer) Fault { return hangApply.on(m) }
