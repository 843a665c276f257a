package virtual

import (
	"go.etcd.io/etcd/server/v3/etcdserver"
	serverstorage "go.etcd.io/etcd/server/v3/storage"
)

// wrapStorage puts a disk before the raft log. etcd opens its log itself; the wait of a hung disk must be on a channel, so that
// neither a lock nor the kernel can hold it.
func wrapStorage(s *etcdserver.EtcdServer, d *disk) error {
	field, err := seam[serverstorage.Storage](s, "raft log", "r", "raftNodeConfig", "storage")
	if err != nil {
		return err
	}
	d.Storage = *field
	*field = d
	return nil
}
