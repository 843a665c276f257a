package virtual

import (
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"
)

// replaceTransport puts ours in the place of the rafthttp transport that NewServer made and started, and ends that one. etcd
// has no option for it, and its own talks through sockets, for which the bubble's clock would not wait.
func replaceTransport(s *etcdserver.EtcdServer, ours *transport) error {
	field, err := seam[rafthttp.Transporter](s, "raft transport", "r", "raftNodeConfig", "transport")
	if err != nil {
		return err
	}
	(*field).Stop()
	*field = ours
	return nil
}
