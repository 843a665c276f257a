package virtual

import (
	_ "unsafe" // for linkname

	_ "go.etcd.io/etcd/client/v3" // is loaded, and its variables set, before this package's
)

// valCtxCh is clientv3's: the Done channel, never closed, of the context in which it keeps a watch stream. It is made when the package is
// loaded, outside every bubble, and a goroutine in a select with such a channel does not count as waiting: virtual time would stand still as
// soon as there is a watch. nil means the same to its readers, to whom a nil Done channel says that the context never ends.
//
//go:linkname valCtxCh go.etcd.io/etcd/client/v3.valCtxCh
var valCtxCh chan struct{}

// valCtxChFound says whether the variable was clientv3's: in one that is not, nobody put a channel.
var valCtxChFound = valCtxCh != nil

func init() { valCtxCh = nil }

// checkValCtx returns an error if clientv3's variable was not found. Without it the first watch would stop the clock for good.
func checkValCtx() error {
	if !valCtxChFound {
		return moved("context of watch streams", "there is no clientv3.valCtxCh")
	}
	return nil
}
