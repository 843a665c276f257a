package tidb

import (
	"github.com/stormwatch/stormwatch/fakes/internal/instance"
	"github.com/stormwatch/stormwatch/harness"
)

// tiproxy is another instance of TiProxy. Its registration has no lease, and the manager must leave it alone. (TiProxy itself deletes the
// whole prefix when it closes.)
func tiproxy(address string) harness.Program {
	prefix := "/topology/tiproxy/" + address
	return harness.Program{
		Name: "tiproxy " + address,
		Run:  instance.Neighbour(map[string]string{prefix + "/info": `{"version":"1.4.0"}`, prefix + "/ttl": nanoseconds()}),
	}
}
