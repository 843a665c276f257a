package virtual

import (
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/cindex"
)

// wrapApplier puts a gate before the applying of entries. The field that applies them, uberApply, is replaced by etcd itself
// whenever it restores a snapshot; the consistent index stays the same for life, and the apply loop, which holds no lock then,
// turns to it before each entry.
func wrapApplier(s *etcdserver.EtcdServer, g *applyGate) error {
	field, err := seam[cindex.ConsistentIndexer](s, "apply loop", "consistIndex")
	if err != nil {
		return err
	}
	g.ConsistentIndexer = *field
	*field = g
	return nil
}
