package harness

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/record"
)

// A member that has fallen behind shows keys that are gone, and lacks keys that are new. Neither says anything of the cluster.
func TestOnlyAMemberWithNewerDataSaysThatAnOwnersKeyIsGone(t *testing.T) {
	rec := record.NewRecorder(bound.Production())
	o := holdingObserver{
		cluster: &Cluster{name: "alpha", world: &World{recorder: rec}}, stands: map[string]*holding{}, gone: map[string]int64{},
	}
	m1, m2 := &Member{name: "m1"}, &Member{name: "m2"}
	kv := func(key string, created, lease int64) *mvccpb.KeyValue {
		return &mvccpb.KeyValue{Key: []byte(key), CreateRevision: created, Lease: lease}
	}
	standing := func() (keys []string) {
		rec.Look(func(r *record.Record) {
			for _, h := range r.Holdings {
				if h.To < 0 {
					keys = append(keys, h.Key)
				}
			}
		})
		return keys
	}
	take := func(from *Member, revision int64, kvs ...*mvccpb.KeyValue) {
		o.take(from, "/l/", revision, kvs)
		<-time.After(time.Microsecond)
	}

	take(m1, 10, kv("/l/a", 5, 1), kv("/l/b", 7, 2))
	require.Equal(t, []string{"/l/a", "/l/b"}, standing())
	take(m2, 6, kv("/l/a", 5, 1)) // before b was created
	require.Equal(t, []string{"/l/a", "/l/b"}, standing())
	o.take(m1, "/other/", 11, nil) // another thing
	require.Equal(t, []string{"/l/a", "/l/b"}, standing())
	take(m1, 12, kv("/l/b", 7, 2))
	require.Equal(t, []string{"/l/b"}, standing())
	take(m2, 10, kv("/l/a", 5, 1), kv("/l/b", 7, 2)) // from before a was deleted
	require.Equal(t, []string{"/l/b"}, standing())
	take(m2, 20, kv("/l/b", 18, 2)) // deleted and created anew
	require.Equal(t, []string{"/l/b"}, standing())

	rec.Look(func(r *record.Record) {
		require.Len(t, r.Holdings, 3)
		require.Equal(t, []any{"m1", int64(12), int64(1)}, []any{r.Holdings[0].Member, r.Holdings[0].Gone, r.Holdings[0].Lease})
		require.Equal(t, []any{"m2", int64(20), int64(7)}, []any{r.Holdings[1].Member, r.Holdings[1].Gone, r.Holdings[1].Created})
		require.Equal(t, int64(18), r.Holdings[2].Created)
	})
}
