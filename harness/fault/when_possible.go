package fault

import (
	"context"

	"github.com/stormwatch/stormwatch/harness"
)

// whenPossible does what undoes a fault. If that is not possible now, because the quorum is lost for example, it goes on trying in the background.
func whenPossible(ctx context.Context, w *harness.World, what string, do func(context.Context) error) {
	err := do(ctx)
	if err == nil || ctx.Err() != nil {
		return
	}
	w.Note("the harness %s when it can: %v", what, err)
	w.Later(func(ctx context.Context) {
		for ctx.Err() == nil && do(ctx) != nil {
		}
	})
}
