package flawed

import (
	"time"

	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// Guarded requires a leader, asks for progress and believes in no watch that is silent for its idle timeout: what the merged TiDB
// change does. It has no freshness probe, so a member that answers progress and has no news holds it for ever.
func Guarded(s harness.Setup) (harness.Manager, error) {
	return newManager(guarded(s.Timing), s), nil
}

func guarded(t bound.Timing) traits {
	return traits{
		config: dialing(t), requireLeader: true, progress: t.ProgressInterval, idle: t.IdleTimeout,
		request: t.RequestTimeout, retry: t.BackoffCap,
	}
}

// backoff caps gRPC's pauses between attempts to connect.
func backoff(limit time.Duration) []grpc.DialOption {
	return []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{
		Backoff:           grpcbackoff.Config{BaseDelay: min(time.Second, limit), Multiplier: 1.1, Jitter: 0.1, MaxDelay: limit},
		MinConnectTimeout: limit,
	})}
}
