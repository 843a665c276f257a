package harness

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// WriteSlowly is Ledger.Write of one key, except that the response arrives only after the duration answer.
func WriteSlowly(ctx context.Context, l *Ledger, s Subject, value string, answer time.Duration, key string) error {
	begun := l.Elapsed()
	revision, err := l.commit(ctx, nil, []clientv3.Op{clientv3.OpPut(key, value)}, l.rising(s))
	if err != nil {
		return err
	}
	select {
	case <-time.After(answer):
	case <-ctx.Done():
		return ctx.Err()
	}
	commits := l.commits(begun, Change{Subject: s, Value: value})
	commits[0].Revision = revision
	l.cluster.world.recorder.Commit(commits...)
	return nil
}

// View calls the first manager's View for a cluster. It is false if the manager does not manage the cluster, or there is no manager.
func (w *World) View(cluster string) (View, bool) {
	if m := w.first(); m != nil {
		return m.manager.View(cluster)
	}
	return View{}, false
}
