package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness/record"
)

// backup is a backup of a cluster, and what the cluster had at that revision.
type backup struct {
	path     string // the file with etcd's snapshot
	revision int64
	keys     map[string]keyValue
	leases   []clientv3.LeaseID
}

type keyValue struct {
	value    string
	modified int64 // the mod revision
}

// Backup saves a backup of the cluster, as etcdctl's snapshot save does, in place of an earlier one. It blocks until it is saved, or ctx ends.
func (c *Cluster) Backup(ctx context.Context) error {
	saved := &backup{path: filepath.Join(c.world.dir, c.name+".backup")}
	err := c.Ask(ctx, func(ctx context.Context, d Direct) error { return saved.save(ctx, c, d) })
	if err != nil {
		return fmt.Errorf("back cluster %s up: %w", c.name, err)
	}
	c.backup = saved
	return nil
}

func (b *backup) save(ctx context.Context, c *Cluster, d Direct) error {
	if err := b.download(ctx, d); err != nil {
		return err
	}
	status, err := snapshot.NewV3(c.world.log).Status(b.path)
	if err != nil {
		return fmt.Errorf("read the backup: %w", err)
	}
	b.revision = status.Revision
	// etcd keeps the values of old revisions, so we need not read them from the file. If this revision has been compacted, a further attempt is made.
	all, err := d.Get(ctx, "\x00", clientv3.WithFromKey(), clientv3.WithRev(b.revision))
	if err != nil {
		return fmt.Errorf("read what is in the backup: %w", err)
	}
	b.keys = map[string]keyValue{}
	for _, kv := range all.Kvs {
		b.keys[string(kv.Key)] = keyValue{string(kv.Value), kv.ModRevision}
	}
	granted, err := d.Client.Leases(ctx)
	if err != nil {
		return fmt.Errorf("list the leases: %w", err)
	}
	b.leases = nil
	for _, l := range granted.Leases {
		b.leases = append(b.leases, l.ID)
	}
	return nil
}

// download saves the snapshot in the backup's file.
func (b *backup) download(ctx context.Context, d Direct) (err error) {
	sent, err := d.SnapshotWithVersion(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sent.Snapshot.Close()) }()
	file, err := os.Create(b.path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, sent.Snapshot)
	return errors.Join(err, file.Close())
}

// facts are the facts that follow from what is in the backup.
func (b *backup) facts(w *Workload) Facts {
	values := map[string]string{}
	for key, kv := range b.keys {
		for _, prefix := range w.Prefixes {
			if strings.HasPrefix(key, prefix) {
				values[key] = kv.value
			}
		}
	}
	return w.Facts(values)
}

// Restorable returns an error if Restore is not possible: there is no backup, or the workload does not say which facts follow from keys.
func (c *Cluster) Restorable() error {
	switch {
	case c.world.workload.Facts == nil:
		return fmt.Errorf("the workload %s does not say which facts follow from its keys, so nobody knows what a backup of %s restores",
			c.world.workload.Name, c)
	case c.backup == nil:
		return fmt.Errorf("cluster %s has no backup", c)
	}
	return nil
}

// Restore stops all members, replaces their data by the last backup, and starts them, also those that were down. What was committed after the backup
// is undone. It blocks until all members serve; if ctx ends first, the error is [ErrNotServing]. Another error leaves the cluster without data.
func (c *Cluster) Restore(ctx context.Context) error {
	if err := c.Restorable(); err != nil {
		return err
	}
	members := c.Members()
	var stopping errgroup.Group
	for _, m := range members {
		stopping.Go(func() error { return m.Kill(ctx) })
	}
	if err := stopping.Wait(); err != nil {
		return err
	}
	// Nothing runs now: the old members have answered everything that they will, and the new ones nothing.
	c.ledger.rewind(c.backup)
	for _, m := range members {
		m.starts.Add(1)
		m.died.Store(false)
	}
	return c.running.Restore(ctx, c.backup.path)
}

// rewind makes the ledger continue from a backup, and records it while no member runs. Of the writes that are under way nobody knows whether they were
// carried out before the members stopped. The manager may have seen them, so they are recorded as undone.
//
// It does not record what happens to a key whose lease only the backup has, so that nobody refreshes it. A program that uses another lease finds out, by the
// interval at which it refreshes leases at the latest, that this one is gone. It then writes its key again, before the lease of the backup expires. A program
// that is away must look after its key itself, see [Ledger.Restores].
func (l *Ledger) rewind(to *backup) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rewound++
	for trace := range l.traces {
		l.traces[trace] = to.keys[trace].modified
	}
	var undone []record.Commit
	for _, write := range slices.Sorted(maps.Keys(l.underWay)) {
		undone = append(undone, l.underWay[write]...)
	}
	l.revived = slices.DeleteFunc(slices.Clone(to.leases), func(id clientv3.LeaseID) bool { return l.leases[id] })
	w := l.cluster.world
	w.recorder.Restored(l.cluster.name, to.revision, to.facts(w.workload), undone...)
}

// Restores is how often the cluster was restored from a backup. A program that has deleted its key may then find it again.
func (l *Ledger) Restores() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rewound
}

// cameBack says whether a lease of the manager came back with a backup.
func (l *Ledger) cameBack(id clientv3.LeaseID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.revived, id)
}
