package virtual

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"
	"go.etcd.io/etcd/server/v3/etcdserver/cindex"
	serverstorage "go.etcd.io/etcd/server/v3/storage"

	"github.com/stormwatch/stormwatch/harness/inprocess"
)

// An upgrade of etcd that renames or retypes a field that we replace must fail here and name the field.
func TestSeams(t *testing.T) {
	s := &etcdserver.EtcdServer{}
	for name, find := range map[string]func() error{
		"raft transport": func() error {
			_, err := inprocess.Field[rafthttp.Transporter]("raft transport", s, "r", "raftNodeConfig", "transport")
			return err
		},
		"raft log": func() error {
			_, err := inprocess.Field[serverstorage.Storage]("raft log", s, "r", "raftNodeConfig", "storage")
			return err
		},
		"apply loop": func() error {
			_, err := inprocess.Field[cindex.ConsistentIndexer]("apply loop", s, "consistIndex")
			return err
		},
		"requests to peers": func() error {
			_, err := inprocess.Field[http.RoundTripper]("requests to peers", s, "peerRt")
			return err
		},
		"watch context": checkValCtx,
		"watch batches": checkWatchBatch,
	} {
		t.Run(name, func(t *testing.T) { require.NoError(t, find()) })
	}
}
