package tidb

import (
	"fmt"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// MalformedError says that a key holds something that cannot be used. The previous value stays in the view and
// the watch goes on. Endpoint is the member that the watch was attached to; Elapsed is zero.
type MalformedError struct {
	guard.Where
	// Revision is that of the write.
	Revision int64
	Err      error
}

func (e *MalformedError) Error() string {
	return fmt.Sprintf("malformed value at revision %d (%v): %v", e.Revision, e.Where, e.Err)
}

func (e *MalformedError) Unwrap() error { return e.Err }

// WaitError says that a wait for a checkpoint ended before the checkpoint advanced. Endpoint is empty: the cluster
// as a whole was waited for.
type WaitError struct {
	guard.Where
	// Current is the checkpoint that was to be passed.
	Current uint64
	// Err is the context's error, or one that is manager.ErrClusterGone or manager.ErrClosed.
	Err error
	// Last is the view's last error, a hint at why nothing came; nil if there is none.
	Last error
}

func (e *WaitError) Error() string {
	text := fmt.Sprintf("wait for a checkpoint after %d (%v): %v", e.Current, e.Where, e.Err)
	if e.Last != nil {
		text += fmt.Sprintf("; the cluster's last error: %v", e.Last)
	}
	return text
}

// Unwrap makes Err alone what the error is: Last may be long over.
func (e *WaitError) Unwrap() error { return e.Err }
