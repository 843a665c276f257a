package manager

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// WaitError says that a wait for a checkpoint ended before the checkpoint advanced. Endpoint is empty: the cluster
// as a whole was waited for.
type WaitError struct {
	Where
	// Current is the checkpoint that was to be passed.
	Current uint64
	// Err is the context's error, or one that is [ErrClusterGone] or [ErrClosed].
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

// WaitCheckpointAdvance returns the checkpoint of a log backup task as soon as it is greater than current, which may
// be at once. It needs no request of its own: the cluster's guarded watch read the key first, watches from the
// revision of that read, and goes from member to member if it must, also while nobody waits.
//
// It blocks until the checkpoint has advanced, ctx ends, or the cluster is no longer managed; an update that gives
// the cluster another runtime does not end it. The errors are a [*WaitError], and [*NoClusterError] for a cluster that
// is not managed. If the newest write of the key is no checkpoint, the error is a [*MalformedError] at once. The
// watch goes on all the same, so the caller may wait again; as the next call finds the same, not without a pause.
//
// The idea is that of waiting for an upstream checkpoint in TiDB BR (TiDB pull request 69047).
func (m *Manager) WaitCheckpointAdvance(ctx context.Context, cluster, task string, current uint64) (uint64, error) {
	f := &follower{manager: m, cluster: cluster, task: task, begun: time.Now(), current: current}
	for {
		state, changed, err := f.look(ctx)
		switch {
		case err != nil:
			return 0, err
		case state.good != nil && state.good.Value > current:
			return state.good.Value, nil
		case state.refused != nil:
			return 0, state.refused
		}
		if err := f.wait(ctx, changed); err != nil {
			return 0, err
		}
	}
}

// Checkpoints are the advances of a task's checkpoint, from the one that stands now: one after the other, none twice.
// Who takes longer than an advance lasts gets the newest and misses those between. A key deleted and made anew begins
// anew, with another Created and perhaps a lower Value.
//
// The loop blocks between advances. A write that is no checkpoint is handed out once, as a [*MalformedError], and
// the loop goes on. Any other error is the last thing handed out: a [*WaitError] when ctx ended or the cluster is no
// longer managed, a [*NoClusterError] when it never was. Breaking off the loop ends it too; nothing is left behind,
// since nothing runs between two turns of it.
func (m *Manager) Checkpoints(ctx context.Context, cluster, task string) iter.Seq2[Checkpoint, error] {
	return func(yield func(Checkpoint, error) bool) {
		f := &follower{manager: m, cluster: cluster, task: task, begun: time.Now()}
		var last Checkpoint
		var refused int64
		for {
			state, changed, err := f.look(ctx)
			if err != nil {
				yield(Checkpoint{}, err)
				return
			}
			if now := state.good; now != nil && (now.Created != last.Created || now.Value > last.Value) {
				last, f.current = *now, now.Value
				if !yield(last, nil) {
					return
				}
				continue
			}
			if state.refused != nil && state.refused.Revision != refused {
				refused = state.refused.Revision
				if !yield(Checkpoint{}, state.refused) {
					return
				}
				continue
			}
			if err := f.wait(ctx, changed); err != nil {
				yield(Checkpoint{}, err)
				return
			}
		}
	}
}

// follower follows a task through all runtimes of its cluster.
type follower struct {
	manager       *Manager
	cluster, task string
	begun         time.Time
	current       uint64
	runtime       *runtime
}

// look returns what is known of the task now, and what rings when more is.
func (f *follower) look(ctx context.Context) (checkpointState, <-chan struct{}, error) {
	m := f.manager
	m.mu.RLock()
	closed, slot := m.closed, m.slots[f.cluster]
	// Read under the lock, as in Manager.View: a reader must not see an heir and then its predecessor again.
	var view View
	var changed <-chan struct{}
	if slot != nil {
		changed = slot.current.board.changed.wait()
		view = *slot.current.board.view.Load()
	}
	m.mu.RUnlock()
	switch {
	case closed && f.runtime == nil:
		return checkpointState{}, nil, ErrClosed
	case closed:
		return checkpointState{}, nil, f.failed(&ClusterGoneError{Cluster: f.cluster, Closed: true})
	case slot == nil && f.runtime == nil:
		return checkpointState{}, nil, &NoClusterError{Cluster: f.cluster}
	case slot == nil:
		return checkpointState{}, nil, f.failed(&ClusterGoneError{Cluster: f.cluster})
	}
	f.runtime = slot.current
	if err := ctx.Err(); err != nil {
		return checkpointState{}, nil, f.failed(context.Cause(ctx))
	}
	return view.checkpoints[f.task], changed, nil
}

// wait blocks until there may be news.
func (f *follower) wait(ctx context.Context, changed <-chan struct{}) error {
	select {
	case <-changed:
		return nil
	case <-f.runtime.work.Done():
		// Replaced, removed or closed: the next look tells.
		return nil
	case <-ctx.Done():
		return f.failed(context.Cause(ctx))
	}
}

func (f *follower) failed(err error) error {
	wait := &WaitError{
		Where: Where{
			Cluster: f.cluster, Key: checkpointPrefix + f.task + checkpointSuffix, Elapsed: time.Since(f.begun),
		},
		Current: f.current, Err: err,
	}
	if f.runtime != nil {
		if last := f.runtime.board.view.Load().Err; last != nil && !errors.Is(last, ErrPending) {
			wait.Last = last
		}
	}
	return wait
}
