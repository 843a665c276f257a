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
			Allowance: halfOpenAllowance(w, on.member),
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
// record the fault is in force until all these connections are closed, since until then a client may try one.
func HalfOpen(m harness.Referrer) Fault { return halfOpen.on(m) }

// halfOpenAllowance is the allowance of half-open connections. If those to all other members are half-open too, or clients cannot reach these, no
// probe can help: each request through such a connection times out. The manager must then trust its idle timeout, and try one member after another.
func halfOpenAllowance(w *harness.World, m *harness.Member) record.Allowance {
	b := w.Bounds()
	for _, p := range peers(m) {
		if !p.Stranded() && p.Reachable() {
			return allow("silent member", b.SilentMember())
		}
	}
	notice := b.SilentNotice()
	if b.Timing.IdleTimeout > 0 {
		notice = b.IdleNotice()
	}
	return allow("silent cluster", b.Timing.Load+notice+b.Start(len(m.Cluster().Members())))
}
