package guard_test

import (
	"context"
	"fmt"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// keep keeps a service's table of addresses up to date until ctx ends.
func keep(ctx context.Context, endpoints []string, use func(map[string]guard.Value)) error {
	c, err := guard.Open(guard.Config{Endpoints: endpoints})
	if err != nil {
		return err
	}
	defer c.Close()
	c.Watch("/services/", func(s guard.Snapshot) { use(s.Values) })
	<-ctx.Done()
	return nil
}

// All that a service needs: it opens the cluster, and is told of each change below its prefix.
func ExampleOpen() {
	err := keep(context.Background(), []string{"10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"}, func(addresses map[string]guard.Value) {
		fmt.Println(len(addresses), "instances")
	})
	fmt.Println(err)
}
