package fault

import (
	"context"
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/point"
)

var defragment = &kind{
	name: "Defragment", takes: onMemberSlowly, once: true,
	about: "the member defragments its database for that long, and applies no committed entry meanwhile; over when it is done",
	plan: func(w *harness.World, on subjects) (harness.Plan, error) {
		return harness.Plan{
			Switches:  throw(on.member, hold, point.Apply),
			Allowance: slowed(w, on.delay, false),
			Do: func(ctx context.Context) (func(context.Context) error, error) {
				rewrite := func(ctx context.Context) error { return rewriteDatabase(ctx, w, on.member) }
				return rewrite, pass(ctx, on.delay)
			},
		}, mustRun(on.member)
	},
}

// Defragment makes a member defragment its database. For a large database that takes long, and etcd applies no entry meanwhile; those of
// the harness are small, so the member's entries are held back for the given time before etcd truly rewrites the database. Inject blocks
// for that long.
func Defragment(m harness.Referrer, takes time.Duration) Fault { return defragment.slow(m, takes) }

func rewriteDatabase(ctx context.Context, w *harness.World, m *harness.Member) error {
	ctx, cancel := context.WithTimeout(ctx, w.Bounds().Election())
	defer cancel()
	d, err := m.Direct()
	if err != nil {
		return err
	}
	if _, err := d.Defragment(ctx, m.Endpoint()); err != nil {
		return fmt.Errorf("%s: %w", m, err)
	}
	return nil
}

// pass blocks for d. It returns an error if ctx ends first.
func pass(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
