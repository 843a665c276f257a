package tidb

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
)

// WaitCheckpointAdvance returns the checkpoint of a log backup task as soon as it is greater than current, which may
// be at once. It needs no request of its own: the cluster's guarded watch read the key first, watches from the
// revision of that read, and goes from member to member if it must, also while nobody waits.
//
// It blocks until the checkpoint has advanced, ctx ends, or the cluster is no longer managed; a changed target does not
// end it. The errors are a [*WaitError], [*manager.NoClusterError] for a cluster that is not managed, and
// [manager.ErrClosed]. If the newest write of the key is no checkpoint, the error is a [*MalformedError] at once. The
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

// Checkpoints yields the checkpoint of a task, beginning with the current one, and then each advance, none of them twice. If
// the loop's body takes so long that several advances come meanwhile, only the newest is yielded. A key that was deleted and
// created again has another Created and perhaps a lower Value, and so has another History the checkpoint of a cluster that was restored from a backup.
//
// The loop blocks between advances. For a write that is no checkpoint it yields a [*MalformedError], once, and goes on. After
// any other error it ends: a [*WaitError] if ctx ended or the cluster is no longer managed, a [*manager.NoClusterError] if
// it was not managed from the start. The caller may break the loop at any time: no goroutine runs for it.
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
			if now := state.good; now != nil && (now.Created != last.Created || now.History != last.History || now.Value > last.Value) {
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

// follower follows a task through all views of its cluster.
type follower struct {
	manager       *Manager
	cluster, task string
	begun         time.Time
	current       uint64
	// found is true once the cluster was managed. last is its latest view.
	found bool
	last  View
}

// look returns what is known of the task now, and a channel that is closed when that may have changed.
func (f *follower) look(ctx context.Context) (checkpointState, <-chan struct{}, error) {
	// Take the channel before the view, so that no change is missed, nor that the cluster is no longer managed.
	f.manager.mu.RLock()
	changed := f.manager.changed
	f.manager.mu.RUnlock()
	if _, err := f.manager.Cluster(f.cluster); err != nil {
		return checkpointState{}, nil, f.lost(err)
	}
	tenure, ok := f.manager.Tenure(f.cluster)
	if !ok {
		// The cluster was removed meanwhile.
		return checkpointState{}, nil, f.lost(&manager.NoClusterError{Cluster: f.cluster})
	}
	f.found = true
	f.last, _ = f.manager.look(f.cluster, tenure)
	if ctx.Err() != nil {
		return checkpointState{}, nil, f.failed(context.Cause(ctx))
	}
	return f.last.checkpoints[f.task], changed, nil
}

// lost returns the error of a wait that ended because the cluster is not managed.
func (f *follower) lost(err error) error {
	if !f.found {
		return err
	}
	return f.failed(&manager.ClusterGoneError{Cluster: f.cluster, Closed: errors.Is(err, manager.ErrClosed)})
}

// wait blocks until changed is closed, and returns an error if ctx ends first.
func (f *follower) wait(ctx context.Context, changed <-chan struct{}) error {
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return f.failed(context.Cause(ctx))
	}
}

func (f *follower) failed(err error) error {
	wait := &WaitError{
		Where: guard.Where{
			Cluster: f.cluster, Key: checkpointPrefix + f.task + checkpointSuffix, Elapsed: time.Since(f.begun),
		},
		Current: f.current, Err: err,
	}
	// Take the view again, since it may have changed while this waited.
	if now, ok := f.manager.View(f.cluster); ok {
		f.last = now
	}
	if last := f.last.Err; last != nil && !errors.Is(last, manager.ErrPending) {
		wait.Last = last
	}
	return wait
}
