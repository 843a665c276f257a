package flawed

import (
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// Naive reads and watches with a client as it comes: what most programs do first.
func Naive(t bound.Timing, log *zap.Logger) (harness.Manager, error) {
	return newManager(traits{config: clientv3.Config{}, retry: t.BackoffCap}, log), nil
}
