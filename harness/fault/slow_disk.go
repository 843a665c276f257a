package fault

import (
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
)

var slowDisk = &kind{
	name: "SlowDisk", takes: onMemberSlowly,
	about: "each write to the member's raft log takes longer",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches: throw(on.member, late(on.delay), point.WALSave), Allowance: slowDiskAllowance(w, on),
		}, mustRun(on.member)
	},
}

// SlowDisk makes each write to a member's raft log take delay longer.
func SlowDisk(m harness.Referrer, delay time.Duration) Fault { return slowDisk.slow(m, delay) }

// slowDiskAllowance is the allowance of a slow disk. A leader's heartbeats wait for the disk too, so with a long delay it may lose its
// leadership. What reads cost that wait for several slow disks is no disk's own, see [record.Scope.Round].
func slowDiskAllowance(w *harness.World, on subjects) record.Allowance {
	b := w.Bounds()
	switch {
	case on.member.Leads() && on.delay >= b.Timing.Election/2:
		a := allow("hung leader", b.HungLeader())
		a.Lasting = b.SlowDisk(on.delay)
		return a
	case on.delay >= b.Tolerable():
		return allow("stale member", b.StaleMember())
	}
	return record.Allowance{Name: "slow disk", Recovery: b.Timing.Load + b.Calm() + b.SlowWrite(on.delay), Lasting: b.SlowDisk(on.delay)}
}
