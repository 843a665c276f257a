package virtual

import (
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/etcdserver/cindex"

	"github.com/stormwatch/stormwatch/harness/inprocess"
)

// wrapApplier makes each entry pass a gate before it is applied. It wraps the server's consistent index, which the apply loop sets before
// each entry, without holding a lock. The field uberApply, which applies the entries, would not do: etcd replaces it whenever it restores
// a snapshot, whereas the consistent index stays.
func wrapApplier(s *etcdserver.EtcdServer, g *applyGate) error {
	field, err := inprocess.Field[cindex.ConsistentIndexer]("apply loop", s, "consistIndex")
	if err != nil {
		return err
	}
	g.ConsistentIndexer = *field
	*field = g
	return nil
}
