package virtual

import (
	"go.etcd.io/etcd/server/v3/etcdserver"
	serverstorage "go.etcd.io/etcd/server/v3/storage"

	"github.com/stormwatch/stormwatch/harness/inprocess"
)

// wrapStorage wraps the server's raft log in d. A hung disk must wait on a channel: a wait for a lock or in a system call would stop
// virtual time. etcd has no option for it, since it opens its log itself.
func wrapStorage(s *etcdserver.EtcdServer, d *disk) error {
	field, err := inprocess.Field[serverstorage.Storage]("raft log", s, "r", "raftNodeConfig", "storage")
	if err != nil {
		return err
	}
	d.Storage = *field
	*field = d
	return nil
}
