package guard_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

// A service that needs one watch that notices a stale leader. Its function is called with the whole state after each change,
// from whichever member the change came, and with the last error.
func Example() {
	cluster, stop := etcdtest.NewFake(3) // three members of etcd, in memory
	defer stop()
	cluster.Put("/services/web/1", "10.0.0.1:80")

	c, err := guard.Open(guard.Config{Endpoints: cluster.Endpoints(), DialOptions: cluster.DialOptions()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	states := make(chan guard.Snapshot, 100)
	c.Watch("/services/", func(s guard.Snapshot) { states <- s })

	for len((<-states).Values) == 0 { // until the first service is there
	}
	cluster.Put("/services/web/2", "10.0.0.2:80")
	for s := range states {
		if s.Err != nil {
			fmt.Println("trouble:", s.Err)
		}
		if len(s.Values) == 2 {
			fmt.Println(slices.Sorted(maps.Keys(s.Values)))
			break
		}
	}
	// Output: [/services/web/1 /services/web/2]
}
