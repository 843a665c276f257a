package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var kill = &kind{
	name: "Kill", takes: onMember,
	about: "the member's process dies; healing restarts it on its data",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Scope:     down(on.member),
			Allowance: lost(w, on.member),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				before := on.member.Starts()
				restart := func(ctx context.Context) error {
					if on.member.Starts() != before {
						return nil // it was wiped meanwhile, and runs
					}
					return startAgain(ctx, w, on.member)
				}
				return restart, on.member.Kill(ctx)
			},
		}, mustRun(on.member)
	},
}

// Kill stops a member at once: its connections are reset, and it does not transfer its leadership. Healing restarts it on its data.
func Kill(m harness.Referrer) Fault { return kill.on(m) }

// startAgain starts a member that is down. If there is a quorum, it blocks until the member serves, for at most two elections: one that the
// member may have to wait for, and one that its return may cause. Without a quorum the member serves as soon as there is one again. A member
// that was removed meanwhile is not started.
func startAgain(ctx context.Context, w *harness.World, m *harness.Member) error {
	if !slices.Contains(m.Cluster().Members(), m) {
		return nil
	}
	return serving(ctx, w, m, 2*w.Bounds().Election(), m.Restart)
}

// serving starts a member. It is no error if the member does not serve in time, or dies of a failing disk: other faults may prevent it until they
// are healed.
func serving(ctx context.Context, w *harness.World, m fmt.Stringer, within time.Duration, start func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := start(bounded)
	if errors.Is(err, point.ErrFailed) {
		w.Note("%s starts and dies: %v", m, err) // its disk fails, which healing that fault mends
		return nil
	}
	if errors.Is(err, harness.ErrNotServing) && ctx.Err() == nil {
		w.Note("%s runs, and serves when it can", m)
		return nil
	}
	return err
}
