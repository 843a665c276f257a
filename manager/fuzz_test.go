package manager

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

// Whatever is written under the prefix, what is shown is a checkpoint of 8 bytes that never lowers in one life of its
// key, under a task's plain name, or nothing.
func FuzzCheckpoint(f *testing.F) {
	f.Add("/tidb/br-stream/checkpoint/backup/central_global", []byte{0, 0, 0, 0, 0, 0, 0, 1}, []byte{0, 0, 0, 0, 0, 0, 0, 2})
	f.Add("/tidb/br-stream/checkpoint/backup/central_global", []byte("seven b"), []byte{})
	f.Add("/tidb/br-stream/checkpoint//central_global", []byte("12345678"), []byte("1234567"))
	f.Add("/tidb/br-stream/checkpoint/a/b/central_global", []byte("12345678"), []byte("12345678"))
	f.Add("/tidb/br-stream/checkpoint/central_global", []byte("12345678"), []byte("12345678"))
	f.Add("/elsewhere/backup/central_global", []byte("12345678"), []byte("12345678"))
	f.Fuzz(func(t *testing.T, key string, first, second []byte) {
		c := newCheckpoints()
		task, ok := checkpointTask(key)
		if ok {
			require.Equal(t, key, checkpointPrefix+task+checkpointSuffix)
			require.False(t, task == "" || strings.Contains(task, "/"))
		}
		var newest uint64
		shown := false
		for i, value := range [][]byte{first, second} {
			err := c.put(&mvccpb.KeyValue{Key: []byte(key), Value: value, CreateRevision: 1, ModRevision: int64(i + 1)})
			if err != nil {
				c.refused(&MalformedError{Where: Where{Key: key}, Err: err})
			}
			good := ok && len(value) == 8 && binary.BigEndian.Uint64(value) >= newest
			require.Equal(t, ok && !good, err != nil)
			if good {
				shown, newest = true, binary.BigEndian.Uint64(value)
			}
			var v View
			c.show(&v)
			if !shown {
				require.Empty(t, v.Checkpoints)
				continue
			}
			require.Equal(t, map[string]uint64{task: newest}, v.Checkpoints)
			require.Equal(t, !good, v.checkpoints[task].refused != nil)
		}
		c.remove(key)
		var v View
		c.show(&v)
		require.Empty(t, v.Checkpoints)
		require.Empty(t, v.checkpoints)
	})
}
