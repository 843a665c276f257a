package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var misadvertiseMember = &kind{
	name: "MisadvertiseMember", takes: onMember,
	about: "the member is restarted with a wrong advertised address: the member list leads to nobody, its own address still works",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		// Each restart is a fault of its own, so that what it affects is on record for as long as it lasts.
		restart := func(wrong bool) error {
			on.member.Misadvertise(wrong)
			if !on.member.Status().Up {
				return nil // its next start will do
			}
			_, err := w.Begin(Restart(on.member))
			return err
		}
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.member.Cluster().Name(), Members: []string{on.member.Name()}, Misleading: true},
			Allowance: lost(w, on.member),
			Do: func(context.Context) (func(context.Context) error, error) {
				return func(context.Context) error { return restart(false) }, restart(true)
			},
		}, mustRun(on.member)
	},
}

// MisadvertiseMember restarts a member with an advertised client URL at which nobody listens, so that the cluster's member list names that
// one. The member still serves at the address that it had before. Healing restarts it with the right one.
func MisadvertiseMember(m harness.Referrer) Fault { return misadvertiseMember.on(m) }
