package virtual

import (
	_ "unsafe" // for linkname

	_ "go.etcd.io/etcd/client/v3" // imported so that its variables are set before the init function below runs

	"github.com/stormwatch/stormwatch/harness/inprocess"
)

// valCtxCh is a variable of clientv3: the Done channel, which is never closed, of the context of its watch streams. clientv3 makes it when
// the package is loaded, outside every bubble. A goroutine that selects on such a channel keeps virtual time from passing, so virtual time
// would stand still as soon as there is a watch. We set it to nil: a nil Done channel also means that the context never ends.
//
//go:linkname valCtxCh go.etcd.io/etcd/client/v3.valCtxCh
var valCtxCh chan struct{}

// valCtxChFound says whether clientv3 still has the variable. If it has not, the linkname refers to a new variable, which is nil.
var valCtxChFound = valCtxCh != nil

func init() { valCtxCh = nil }

// checkValCtx returns an error if clientv3's variable was not found. Without it the first watch would stop virtual time for ever.
func checkValCtx() error {
	if !valCtxChFound {
		return inprocess.Moved("context of watch streams", "there is no clientv3.valCtxCh")
	}
	return nil
}
