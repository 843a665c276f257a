package tidb

import (
	"fmt"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// MalformedError says that the value of a key cannot be used. The previous value stays in the view, and the watch goes on.
// Endpoint is the endpoint that the watch was attached to; Elapsed is zero.
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

// WaitError says that a wait for a checkpoint ended before the checkpoint advanced. Endpoint is empty, since the wait is
// for no particular member.
type WaitError struct {
	guard.Where
	// Current is the checkpoint than which a greater one was waited for.
	Current uint64
	// Err is the context's error, or an error that is manager.ErrClusterGone or manager.ErrClosed.
	Err error
	// Last is the view's last error, which may explain why the checkpoint did not advance; nil if there is none.
	Last error
}

func (e *WaitError) Error() string {
	text := fmt.Sprintf("wait for a checkpoint after %d (%v): %v", e.Current, e.Where, e.Err)
	if e.Last != nil {
		text += fmt.Sprintf("; the cluster's last error: %v", e.Last)
	}
	return text
}

// Unwrap returns Err only: Last may be an old error.
func (e *WaitError) Unwrap() error { return e.Err }
