package manager

import (
	"errors"
	"fmt"

	"github.com/stormwatch/stormwatch/manager/guard"
)

var (
	// ErrClosed is returned by the methods of a closed manager.
	ErrClosed = errors.New("manager is closed")
	// ErrPending is a view's error as long as the cluster has not answered yet and nothing has failed.
	ErrPending = guard.ErrPending
	// ErrInvalidTarget matches every [*TargetError] in errors.Is.
	ErrInvalidTarget = errors.New("invalid target")
)

// TargetError says which part of the targets given to Apply is wrong. It is an [ErrInvalidTarget].
type TargetError struct {
	Cluster string
	// Endpoint is empty when the fault is not with one endpoint.
	Endpoint string
	// NameServer is empty when the fault is not with one name server.
	NameServer string
	Reason     string
}

func (e *TargetError) Error() string {
	if e.NameServer != "" {
		return fmt.Sprintf("%v: cluster %q, name server %q: %s", ErrInvalidTarget, e.Cluster, e.NameServer, e.Reason)
	}
	if e.Endpoint != "" {
		return fmt.Sprintf("%v: cluster %q, endpoint %q: %s", ErrInvalidTarget, e.Cluster, e.Endpoint, e.Reason)
	}
	return fmt.Sprintf("%v: cluster %q: %s", ErrInvalidTarget, e.Cluster, e.Reason)
}

func (e *TargetError) Unwrap() error { return ErrInvalidTarget }
