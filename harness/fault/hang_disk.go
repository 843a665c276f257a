package fault

import (
	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var hangDisk = &kind{
	name: "HangDisk", takes: onMember,
	about: "the member's disk completes no write, and its raft loop stands still with it",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches: throw(on.member, hold, point.WALSave), Allowance: fallenBehind(w, on.member),
		}, mustRun(on.member)
	},
}

// HangDisk makes a member's disk hang: no write to its raft log completes. The member's raft loop waits for the write, so a leader goes on
// calling itself leader after the others have elected another (the PD incident of May 2026).
func HangDisk(m harness.Referrer) Fault { return hangDisk.on(m) }
