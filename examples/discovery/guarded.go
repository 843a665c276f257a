package discovery

import (
	"context"
	"strings"

	"github.com/stormwatch/stormwatch/manager/guard"
)

// Follow does what a [Registry] does, but with a guarded watch, which notices a member that has fallen behind. It blocks until ctx ends and
// calls changed after each change, with all instances, their etcd revision, and the last error.
func Follow(
	ctx context.Context, cluster guard.Config, prefix string, changed func(instances map[string]string, revision int64, wrong error),
) error {
	client, err := guard.Open(cluster)
	if err != nil {
		return err
	}
	defer client.Close()
	client.Watch(prefix, func(s guard.Snapshot) {
		if s.Revision == 0 {
			return // nothing has been read yet, which does not mean that there is no instance
		}
		instances := map[string]string{}
		for key, value := range s.Values {
			instances[strings.TrimPrefix(key, prefix)] = value.Value
		}
		changed(instances, s.Revision, s.Err)
	})
	<-ctx.Done()
	return nil
}
