package instance

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
)

// Neighbour is the program of somebody else with keys beside those of the manager. It writes them once, and the manager must not touch them.
func Neighbour(values map[string]string) func(context.Context, *harness.Ledger) error {
	return func(ctx context.Context, l *harness.Ledger) error {
		if err := l.Guard(ctx, values); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}
}
