package tidb

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// Whatever is written under the prefix, the view shows only checkpoints of 8 bytes that do not fall until their key is
// created again, by the plain names of their tasks.
func FuzzCheckpoint(f *testing.F) {
	f.Add("/tidb/br-stream/checkpoint/backup/central_global", []byte{0, 0, 0, 0, 0, 0, 0, 1}, []byte{0, 0, 0, 0, 0, 0, 0, 2})
	f.Add("/tidb/br-stream/checkpoint/backup/central_global", []byte("seven b"), []byte{})
	f.Add("/tidb/br-stream/checkpoint//central_global", []byte("12345678"), []byte("1234567"))
	f.Add("/tidb/br-stream/checkpoint/a/b/central_global", []byte("12345678"), []byte("12345678"))
	f.Add("/tidb/br-stream/checkpoint/central_global", []byte("12345678"), []byte("12345678"))
	f.Add("/elsewhere/backup/central_global", []byte("12345678"), []byte("12345678"))
	f.Fuzz(func(t *testing.T, key string, first, second []byte) {
		c := newCheckpoints()
		malformed := func(r refusal) *MalformedError { return &MalformedError{Where: guard.Where{Key: r.key}, Err: r.err} }
		task, ok := checkpointTask(key)
		if ok {
			require.Equal(t, key, checkpointPrefix+task+checkpointSuffix)
			require.False(t, task == "" || strings.Contains(task, "/"))
		}
		var newest uint64
		shown := false
		for i, value := range [][]byte{first, second} {
			known, refused := c.take(guard.Snapshot{Values: map[string]guard.Value{
				key: {Value: string(value), CreateRevision: 1, ModRevision: int64(i + 1)},
			}}, malformed)
			good := ok && len(value) == 8 && binary.BigEndian.Uint64(value) >= newest
			require.Equal(t, ok && !good, len(refused) == 1)
			if good {
				shown, newest = true, binary.BigEndian.Uint64(value)
			}
			require.Equal(t, shown, known[task].good != nil)
			if shown {
				require.Equal(t, newest, known[task].good.Value)
				require.Equal(t, !good, known[task].refused != nil)
			}
		}
		known, _ := c.take(guard.Snapshot{}, malformed)
		require.Empty(t, known)
	})
}

// FuzzTopology puts any value at any key, in both topologies, and takes it away again.
func FuzzTopology(f *testing.F) {
	f.Add(topologyPrefix+"a:1/info", []byte(`{"version":"1","labels":{"zone":"a"}}`))
	f.Add(topologyPrefix+"a:1/ttl", []byte("1700000000000000000"))
	f.Add(keyspacePrefix+"ks"+topologyPrefix+"a:1/info", []byte(`{"status_port":-1}`))
	f.Add(keyspacePrefix+"/topology/tidb/a:1/info", []byte(`{}`))
	f.Add(keyspacePrefix+"ks/owner", []byte(`null`))
	f.Add(topologyPrefix+"/info", []byte(`[]`))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		for _, part := range []*topology{newTopology(), newKeyspaces()} {
			keys := make(map[string]guard.Value)
			for _, field := range []string{"info", "ttl"} {
				// The other key of the same server, so that the server counts.
				if base, ok := strings.CutSuffix(key, "/"+field); ok {
					for _, half := range []string{"/info", "/ttl"} {
						keys[base+half] = guard.Value{Value: "{}", CreateRevision: 1, ModRevision: 1}
					}
				}
			}
			part.take(guard.Snapshot{Values: keys})
			keys[key] = guard.Value{Value: string(value), CreateRevision: 1, ModRevision: 2}
			live, refused := part.take(guard.Snapshot{Values: keys})
			s, field := part.split(key)
			if field == "" && (len(refused) > 0 || len(live) > 0) {
				t.Fatalf("took the value of a key that is not its business: %v, %v", live, refused)
			}
			if b, ok := byAddress(live)[s.address]; field != "" && (!ok || b.Address != s.address || b.Keyspace != s.keyspace) {
				t.Fatalf("%+v is shown as %+v, %v", s, b, ok)
			}
			if live, _ := part.take(guard.Snapshot{}); len(live) > 0 || len(part.infos) > 0 {
				t.Fatalf("what is removed is still known: %v", live)
			}
		}
	})
}
