package tidb

import (
	"github.com/stormwatch/stormwatch/fakes/internal/instance"
	"github.com/stormwatch/stormwatch/harness"
)

// tiproxy is another instance of TiProxy. Its registration has no lease, and the manager must not touch it. (TiProxy itself deletes the
// whole prefix when it closes, and with it the registrations of others.)
func tiproxy(address string) harness.Program {
	prefix := "/topology/tiproxy/" + address
	return harness.Program{
		Name: "tiproxy " + address,
		Run:  instance.Neighbour(map[string]string{prefix + "/info": `{"version":"1.4.0"}`, prefix + "/ttl": nanoseconds()}),
	}
}
