package fault

import "github.com/stormwatch/stormwatch/harness"

var freeze = &kind{
	name: "Freeze", takes: onMember,
	about: "nothing goes in or out of the member, for peers and clients alike; nothing is closed",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		switches := noClients(on.member)
		for _, p := range peers(on.member) {
			switches = append(switches, between(on.member, p, hold)...)
			switches = append(switches, between(p, on.member, hold)...)
		}
		return harness.Plan{Switches: switches, Allowance: silent(w, on.member)}, mustRun(on.member)
	},
}

// Freeze stops everything that a member sends and receives, from peers and clients, and closes nothing. A process after SIGSTOP behaves
// like this, or a virtual machine during a migration.
func Freeze(m harness.Referrer) Fault { return freeze.on(m) }
