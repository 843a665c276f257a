package harness

import (
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Claimer is a manager that owns things of the workload, see [Workload.Things].
type Claimer interface {
	// Claims returns what the manager believes that it owns in the cluster now. It must answer from memory, at once.
	Claims(cluster string) []Claim
}

// ClaimPusher is a [Claimer] that reports every change of its claims, so that the harness knows exactly when each began and ended.
type ClaimPusher interface {
	Claimer
	// PushClaims is called once, before Apply. From then on the manager calls f with all its claims in a cluster whenever they change. The calls for
	// one cluster come in the order of the changes. f returns soon.
	PushClaims(f func(cluster string, claims []Claim))
}

// Claim is a thing that a manager believes it owns.
type Claim struct {
	// Thing is the subject of the thing.
	Thing Subject
	// Key is the manager's key that makes it the owner, Lease the lease under which the key is.
	Key   string
	Lease clientv3.LeaseID
	// Until is the instant at which the manager stops to claim the thing unless it hears from the cluster again: whoever acts as the owner compares
	// it with the clock before. Zero: it does not stop by itself.
	Until time.Time
}
