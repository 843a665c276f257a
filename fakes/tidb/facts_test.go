package tidb_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
)

func TestFactsFollowFromKeys(t *testing.T) {
	const task, server = "/tidb/br-stream/checkpoint/backup/", "/topology/tidb/10.0.0.1:4000/"
	checkpoint := string([]byte{0, 0, 0, 0, 0, 0, 1, 2})
	info := `{"version":"8.5.0","start_timestamp":1795000001}`
	for name, c := range map[string]struct {
		values map[string]string
		want   harness.Facts
	}{
		"nothing":                           {nil, harness.Facts{}},
		"a server with info and ttl counts": {map[string]string{server + "info": info, server + "ttl": "1"}, backend("1795000001")},
		"one without a ttl does not":        {map[string]string{server + "info": info}, harness.Facts{}},
		"nor one without info":              {map[string]string{server + "ttl": "1"}, harness.Facts{}},
		"nor one that cannot be read":       {map[string]string{server + "info": "{", server + "ttl": "1"}, harness.Facts{}},
		"a checkpoint is eight bytes, big endian": {
			map[string]string{task + "central_global": checkpoint}, harness.Facts{{Kind: tidb.Checkpoint, Name: "backup"}: "258"},
		},
		"seven bytes are none":            {map[string]string{task + "central_global": checkpoint[1:]}, harness.Facts{}},
		"nor is a store's":                {map[string]string{task + "store/1": checkpoint}, harness.Facts{}},
		"keys elsewhere mean nothing":     {map[string]string{"/topology/tiproxy/10.0.0.9:6000/info": info}, harness.Facts{}},
		"a server's key and nothing more": {map[string]string{"/topology/tidb/": info}, harness.Facts{}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, tidb.Workload().Facts(c.values)) })
	}
}

func backend(value string) harness.Facts {
	return harness.Facts{{Kind: tidb.Backend, Name: "10.0.0.1:4000"}: value}
}
