package virtual

import (
	"net/http"

	"go.etcd.io/etcd/server/v3/etcdserver"
)

// replacePeerRequests puts ours in the place of the round tripper with which a server asks its peers for what is not raft's. The one that
// etcd made has no connections yet.
func replacePeerRequests(s *etcdserver.EtcdServer, ours *peerRequests) error {
	field, err := seam[http.RoundTripper](s, "requests to peers", "peerRt")
	if err != nil {
		return err
	}
	*field = ours
	return nil
}
