package fault

import (
	"context"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var failDisk = &kind{
	name: "FailDisk", takes: onMember,
	about: "the member's disk fails the next write to the raft log, and etcd ends itself; healing starts it again on its data",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, point.Decision{Kind: point.Fail}, point.WALSave),
			Scope:     down(on.member),
			Allowance: lost(w, on.member),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				revive := func(ctx context.Context) error { return reviveIfDead(ctx, w, on.member) }
				return revive, awaitDeath(ctx, w, on.member)
			},
		}, mustRun(on.member)
	},
}

// FailDisk makes a member's next write to its raft log fail with an input/output error. etcd answers that as it does in production: it logs
// a fatal message and ends itself. Inject blocks until it has, or until the load would have made the member write twice: a member that
// writes nothing notices nothing. Healing mends the disk, and starts the member again on its data if it has died.
func FailDisk(m harness.Referrer) Fault { return failDisk.on(m) }

// awaitDeath blocks until the member has ended itself, at most for the time of two updates of the load.
func awaitDeath(ctx context.Context, w *harness.World, m *harness.Member) error {
	limit := time.NewTimer(2*w.Timing().Load + w.Bounds().Calm())
	defer limit.Stop()
	ticker := time.NewTicker(w.Timing().Observe)
	defer ticker.Stop()
	for !m.Died() {
		select {
		case <-ticker.C:
		case <-limit.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// reviveIfDead starts a member that ended itself. It waits first until nothing of it runs. A member that another fault has killed stays down.
func reviveIfDead(ctx context.Context, w *harness.World, m *harness.Member) error {
	if !m.Died() || !slices.Contains(m.Cluster().Members(), m) {
		return nil
	}
	if err := m.Kill(ctx); err != nil {
		return err
	}
	return startAgain(ctx, w, m)
}
