package virtual

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/version"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"
	"go.etcd.io/etcd/server/v3/etcdserver/cindex"
	serverstorage "go.etcd.io/etcd/server/v3/storage"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// An upgrade of etcd that moves a seam must fail here, and say which.
func TestSeams(t *testing.T) {
	s := &etcdserver.EtcdServer{}
	for name, find := range map[string]func() error{
		"raft transport": func() error {
			_, err := seam[rafthttp.Transporter](s, "raft transport", "r", "raftNodeConfig", "transport")
			return err
		},
		"raft log": func() error {
			_, err := seam[serverstorage.Storage](s, "raft log", "r", "raftNodeConfig", "storage")
			return err
		},
		"apply loop":        func() error { _, err := seam[cindex.ConsistentIndexer](s, "apply loop", "consistIndex"); return err },
		"requests to peers": func() error { _, err := seam[http.RoundTripper](s, "requests to peers", "peerRt"); return err },
		"watch context":     checkValCtx,
	} {
		t.Run(name, func(t *testing.T) { require.NoError(t, find()) })
	}
}

func TestSeamIsUsedByTheServer(t *testing.T) {
	s := &etcdserver.EtcdServer{}
	field, err := seam[http.RoundTripper](s, "requests to peers", "peerRt")
	require.NoError(t, err)
	*field = http.DefaultTransport
	again, err := seam[http.RoundTripper](s, "requests to peers", "peerRt")
	require.NoError(t, err)
	require.Same(t, http.DefaultTransport, *again)
}

func TestMovedSeamIsSaidPlainly(t *testing.T) {
	s := &etcdserver.EtcdServer{}
	_, err := seam[io.Reader](s, "reading", "r", "reader", "deep")
	require.EqualError(t, err, "etcd v"+version.Version+` moved something: there is no EtcdServer.r.reader; the seam "reading" of harness/virtual must be found again`)
	_, err = seam[io.Reader](s, "requests to peers", "peerRt")
	require.EqualError(t, err, "etcd v"+version.Version+` moved something: EtcdServer.peerRt is of type http.RoundTripper, not io.Reader; `+
		`the seam "requests to peers" of harness/virtual must be found again`)
	_, err = seam[io.Reader](s, "deep", "peerRt", "inner")
	require.ErrorContains(t, err, "there is no EtcdServer.peerRt.inner")
}

func TestSmallSegmentsAreGivenBack(t *testing.T) {
	before := wal.SegmentSizeBytes
	restore := smallSegments()
	require.EqualValues(t, segmentSize, wal.SegmentSizeBytes)
	restore()
	require.Equal(t, before, wal.SegmentSizeBytes)
}
