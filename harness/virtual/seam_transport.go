package virtual

import (
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"

	"github.com/stormwatch/stormwatch/harness/inprocess"
)

// replaceTransport replaces the rafthttp transport that NewServer made and started, and stops that one. etcd has no option for it, and
// rafthttp uses sockets, which do not work in virtual time.
func replaceTransport(s *etcdserver.EtcdServer, ours *transport) error {
	field, err := inprocess.Field[rafthttp.Transporter]("raft transport", s, "r", "raftNodeConfig", "transport")
	if err != nil {
		return err
	}
	(*field).Stop()
	*field = ours
	return nil
}
