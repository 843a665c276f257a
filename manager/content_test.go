package manager

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/mvccpb"
)

func TestTopologyKeysAreTakenApart(t *testing.T) {
	for _, c := range []struct{ key, address, field string }{
		{"/topology/tidb/10.0.0.1:4000/info", "10.0.0.1:4000", "info"},
		{"/topology/tidb/[::1]:4000/ttl", "[::1]:4000", "ttl"},
		{"/topology/tidb/10.0.0.1:4000/other", "", ""},
		{"/topology/tidb/10.0.0.1:4000/info/more", "", ""},
		{"/topology/tidb/10.0.0.1:4000", "", ""},
		{"/topology/tidb//info", "", ""},
	} {
		s, field := splitTopologyKey(c.key)
		require.Equal(t, [2]string{c.address, c.field}, [2]string{s.address, field}, c.key)
	}
}

func TestCheckpointKeysAreTakenApart(t *testing.T) {
	for _, c := range []struct {
		key, task string
		ok        bool
	}{
		{checkpointPrefix + "nightly_1/central_global", "nightly_1", true},
		{checkpointPrefix + "nightly_1/store/5", "", false},
		{checkpointPrefix + "a/b/central_global", "", false},
		{checkpointPrefix + "central_global", "", false},
	} {
		task, ok := checkpointTask(c.key)
		require.Equal(t, c.ok, ok, c.key)
		if ok {
			require.Equal(t, c.task, task)
		}
	}
}

func TestMalformedServerInfoKeepsTheFormerOne(t *testing.T) {
	part := newTopology()
	require.NoError(t, part.put(&mvccpb.KeyValue{Key: []byte(topologyPrefix + "a:1/ttl")}))
	require.NoError(t, part.put(&mvccpb.KeyValue{Key: []byte(topologyPrefix + "a:1/info"), Value: []byte(`{"version":"1"}`)}))
	require.Error(t, part.put(&mvccpb.KeyValue{Key: []byte(topologyPrefix + "a:1/info"), Value: []byte(`{"version`)}))
	var v View
	part.show(&v)
	require.Equal(t, "1", v.Backends["a:1"].Version)
}

func TestShownMapsAreNeverWrittenAgain(t *testing.T) {
	part := newTopology()
	key := []byte(topologyPrefix + "a:1/info")
	require.NoError(t, part.put(&mvccpb.KeyValue{Key: []byte(topologyPrefix + "a:1/ttl")}))
	require.NoError(t, part.put(&mvccpb.KeyValue{Key: key, Value: []byte(`{"version":"1"}`)}))
	var before, after View
	part.show(&before)
	require.NoError(t, part.put(&mvccpb.KeyValue{Key: key, Value: []byte(`{"version":"2"}`)}))
	part.show(&after)
	part.remove(string(key))
	require.Equal(t, "1", before.Backends["a:1"].Version)
	require.Equal(t, "2", after.Backends["a:1"].Version)
}

func TestACheckpointLowersOnlyWithANewKey(t *testing.T) {
	part := newCheckpoints()
	put := func(value uint64, created int64) error {
		return part.put(&mvccpb.KeyValue{
			Key:   []byte(checkpointPrefix + "t/central_global"),
			Value: binary.BigEndian.AppendUint64(nil, value), CreateRevision: created,
		})
	}
	shown := func() uint64 {
		var v View
		part.show(&v)
		return v.Checkpoints["t"]
	}
	require.NoError(t, put(10, 1))
	require.ErrorContains(t, put(9, 1), "goes back from 10 to 9")
	require.Equal(t, uint64(10), shown())
	require.NoError(t, put(11, 1))
	require.NoError(t, put(3, 7))
	require.Equal(t, uint64(3), shown())
}
