package virtual

import (
	"net/http"

	"go.etcd.io/etcd/server/v3/etcdserver"

	"github.com/stormwatch/stormwatch/harness/inprocess"
)

// replacePeerRequests replaces the round tripper of the requests that a server makes to its peers besides raft messages. etcd's own has
// no connections yet, so it need not be closed.
func replacePeerRequests(s *etcdserver.EtcdServer, ours *peerRequests) error {
	field, err := inprocess.Field[http.RoundTripper]("requests to peers", s, "peerRt")
	if err != nil {
		return err
	}
	*field = ours
	return nil
}
