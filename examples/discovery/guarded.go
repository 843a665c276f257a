package discovery

import (
	"context"
	"strings"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// Follow does what a [Registry] does, on a guarded watch, which notices a member that has fallen behind. Until ctx ends it calls changed after
// each change: with the instances, the revision of etcd's, and what went wrong last.
func Follow(
	ctx context.Context, cluster guard.Config, prefix string, changed func(instances map[string]string, revision int64, wrong error),
) error {
	client, err := guard.Open(cluster)
	if err != nil {
		return err
	}
	defer client.Close()
	client.Watch(prefix, func(s guard.Snapshot) {
		instances := map[string]string{}
		for key, value := range s.Values {
			instances[strings.TrimPrefix(key, prefix)] = value.Value
		}
		changed(instances, s.Revision, s.Err)
	})
	<-ctx.Done()
	return nil
}
