package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

var halfOpen = &kind{
	name: "HalfOpen", takes: onMember, once: true,
	about: "the member's open client connections carry nothing any more, for good, and nobody is told; new ones work",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		only := []string{on.member.Name()}
		return harness.Plan{
			Scope:     record.Scope{Cluster: on.member.Cluster().Name(), Members: only, Silenced: only, Stranded: only},
			Allowance: allow("silent member", w.Bounds().SilentMember()),
			Lingers:   on.member.Stranded,
			Do: func(context.Context) (func(context.Context) error, error) {
				on.member.StrandClients()
				return nil, nil
			},
		}, mustRun(on.member)
	},
}

// HalfOpen makes the client connections that a member has now half-open: everything that is sent on them is lost, in both directions and
// for ever, and nothing is closed, as after a firewall or a NAT has forgotten them. New connections work. There is nothing to heal. On
// record the fault is in force until all these connections are closed, since until then a client may try one. Its allowance is larger while
// no member is left that answers at once, see [record.Record.Severed].
func HalfOpen(m harness.Referrer) Fault { return halfOpen.on(m) }
