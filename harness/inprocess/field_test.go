package inprocess

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/version"
	"go.etcd.io/etcd/server/v3/etcdserver"
)

func TestAFieldIsTheServersOwn(t *testing.T) {
	s := &etcdserver.EtcdServer{}
	field, err := Field[http.RoundTripper]("requests to peers", s, "peerRt")
	require.NoError(t, err)
	*field = http.DefaultTransport
	again, err := Field[http.RoundTripper]("requests to peers", s, "peerRt")
	require.NoError(t, err)
	require.Same(t, http.DefaultTransport, *again)
}

func TestAMovedFieldIsSaidPlainly(t *testing.T) {
	s := &etcdserver.EtcdServer{}
	_, err := Field[io.Reader]("reading", s, "r", "reader", "deep")
	require.EqualError(t, err, "etcd v"+version.Version+` moved something: there is no EtcdServer.r.reader; the seam "reading" must be found again`)
	_, err = Field[io.Reader]("requests to peers", s, "peerRt")
	require.EqualError(t, err, "etcd v"+version.Version+` moved something: EtcdServer.peerRt is of type http.RoundTripper, not io.Reader; `+
		`the seam "requests to peers" must be found again`)
	_, err = Field[io.Reader]("deep", s, "peerRt", "inner")
	require.ErrorContains(t, err, "there is no EtcdServer.peerRt.inner")
	_, err = Field[io.Reader]("nothing", 1, "x")
	require.ErrorContains(t, err, "[x] is to be found in a int")
}
