package flawed

import (
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// Naive reads and watches with a client as it comes: what most programs do first.
func Naive(s harness.Setup) (harness.Manager, error) {
	return newManager(traits{config: clientv3.Config{}, retry: s.Timing.BackoffCap}, s), nil
}
