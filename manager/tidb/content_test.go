package tidb

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/manager"
	"github.com/stormwatch/stormwatch/manager/guard"
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

func TestMalformedServerInfoKeepsTheFormerOneOfTheSameKey(t *testing.T) {
	part := newTopology()
	info := topologyPrefix + "a:1/info"
	keys := map[string]guard.Value{
		topologyPrefix + "a:1/ttl": {ModRevision: 1, CreateRevision: 1},
		info:                       {Value: `{"version":"1"}`, ModRevision: 2, CreateRevision: 2},
	}
	live, refused := part.take(guard.Snapshot{Values: keys})
	require.Empty(t, refused)
	require.Equal(t, "1", live[0].Version)
	keys[info] = guard.Value{Value: `{"version`, ModRevision: 3, CreateRevision: 2}
	live, refused = part.take(guard.Snapshot{Values: keys})
	require.Len(t, refused, 1)
	require.Equal(t, int64(3), refused[0].revision)
	require.Equal(t, "1", live[0].Version)
	live, refused = part.take(guard.Snapshot{Values: keys})
	require.Empty(t, refused, "it is refused once")
	require.Len(t, live, 1)
	keys[info] = guard.Value{Value: `{"version`, ModRevision: 5, CreateRevision: 5}
	live, _ = part.take(guard.Snapshot{Values: keys})
	require.Empty(t, live, "the key was made anew")
}

func TestACheckpointLowersOnlyWithANewKey(t *testing.T) {
	part := newCheckpoints()
	revision := int64(0)
	put := func(value uint64, created int64) (uint64, []*MalformedError) {
		revision++
		known, refused := part.take(guard.Snapshot{Values: map[string]guard.Value{checkpointPrefix + "t/central_global": {
			Value: string(binary.BigEndian.AppendUint64(nil, value)), CreateRevision: created, ModRevision: revision,
		}}}, func(r refusal) *MalformedError { return &MalformedError{Revision: r.revision, Err: r.err} })
		return known["t"].good.Value, refused
	}
	shown, refused := put(10, 1)
	require.Equal(t, uint64(10), shown)
	require.Empty(t, refused)
	shown, refused = put(9, 1)
	require.Equal(t, uint64(10), shown)
	require.ErrorContains(t, refused[0], "goes back from 10 to 9")
	shown, _ = put(11, 1)
	require.Equal(t, uint64(11), shown)
	shown, refused = put(3, 7)
	require.Equal(t, uint64(3), shown)
	require.Empty(t, refused)
}

func TestWhatBelongsToTheBackendsAloneDecidesTheirAge(t *testing.T) {
	now := time.Now()
	m := &Manager{cfg: Config{Keyspaces: true}}
	require.True(t, m.backendsProven(manager.View{}).IsZero(), "nothing is proven at first")
	v := manager.View{Prefixes: map[string]guard.Snapshot{
		topologyPrefix:   {Endpoint: "m1", Proven: now.Add(2)},
		keyspacePrefix:   {Endpoint: "m1", Proven: now.Add(1)},
		checkpointPrefix: {Endpoint: "m1", Proven: now},
	}}
	require.Equal(t, now.Add(1), m.backendsProven(v), "the older proof counts, that of the checkpoints does not")
	v.Prefixes[keyspacePrefix] = guard.Snapshot{Proven: now.Add(1)}
	require.True(t, m.backendsProven(v).IsZero(), "who is attached to no member proves nothing")
}

// A restored backup has keys with the revisions that they had, and gives the revisions after it to other writes.
func TestARestoredBackupIsReadAnew(t *testing.T) {
	servers, tasks := newTopology(), newCheckpoints()
	read := func(history int, version string, checkpoint uint64) {
		live, refused := servers.take(guard.Snapshot{History: history, Values: map[string]guard.Value{
			topologyPrefix + "a:1/ttl":  {ModRevision: 1, CreateRevision: 1},
			topologyPrefix + "a:1/info": {Value: `{"version":"` + version + `"}`, ModRevision: 9, CreateRevision: 2},
		}})
		require.Empty(t, refused)
		require.Equal(t, version, live[0].Version)
		known, wrong := tasks.take(guard.Snapshot{History: history, Values: map[string]guard.Value{checkpointPrefix + "t/central_global": {
			Value: string(binary.BigEndian.AppendUint64(nil, checkpoint)), CreateRevision: 1, ModRevision: 9,
		}}}, func(r refusal) *MalformedError { return &MalformedError{Revision: r.revision, Err: r.err} })
		require.Empty(t, wrong)
		require.Equal(t, Checkpoint{Value: checkpoint, Revision: 9, Created: 1, History: history}, *known["t"].good)
	}
	read(0, "2", 20)
	read(1, "1", 10)
}
