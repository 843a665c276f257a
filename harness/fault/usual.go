package fault

import (
	"errors"
	"slices"
	"time"

	"github.com/stormwatch/stormwatch/harness"
)

// Where says what a fault is on, for whoever offers faults to choose from.
type Where string

// A fault is on a member, on a whole cluster, or between a member and the others of its cluster.
const (
	OnMember  Where = "member"
	OnCluster Where = "cluster"
	Between   Where = "groups"
)

// The arguments that [Usual] chooses. The delay is felt, and is too short for a timeout of etcd or of a manager.
const (
	usualDelay   = 300 * time.Millisecond
	usualJitter  = 100 * time.Millisecond
	usualMethod  = "Range"
	usualManager = 1
)

// Usual makes the fault of a name with the usual arguments: on a member, or on its cluster, and against the others of its cluster if the fault is
// between two groups. A fault that needs no other members ignores them. It returns an error if there is no fault of that name, or if it needs other
// members and there are none.
func Usual(name string, on harness.Ref, others []harness.Ref) (Fault, error) {
	k, err := find(name)
	if err != nil {
		return Fault{}, err
	}
	if k.where() == Between && len(others) == 0 {
		return Fault{}, errors.New(name + " is between members, and the cluster has one")
	}
	return Fault{k, arguments{
		member: on, cluster: on.Cluster, group: []harness.Ref{on}, others: slices.Clone(others),
		manager: usualManager, delay: usualDelay, jitter: usualJitter, method: usualMethod,
	}.of(k)}, nil
}

// of keeps the arguments that a kind takes.
func (a arguments) of(k *kind) (kept arguments) {
	for _, p := range k.takes {
		switch p := p.(type) {
		case memberParameter:
			kept.member = a.member
		case clusterParameter:
			kept.cluster = a.cluster
		case delayParameter:
			kept.delay = a.delay
		case jitterParameter:
			kept.jitter = a.jitter
		case methodParameter:
			kept.method = a.method
		case managerParameter:
			kept.manager = a.manager
		case groupParameter:
			*p.of(&kept) = *p.of(&a)
		}
	}
	return kept
}

// where says what the faults of a kind are on.
func (k *kind) where() Where {
	for _, p := range k.takes {
		switch p.(type) {
		case memberParameter:
			return OnMember
		case groupParameter:
			return Between
		}
	}
	return OnCluster
}
