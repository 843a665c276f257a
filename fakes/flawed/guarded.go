package flawed

import (
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/oracle"
)

// guarded requires a leader, requests progress, and replaces a watch that is silent for the idle timeout, as the merged TiDB change does. It
// has no freshness probe, so it stays for ever on a member that answers progress requests but sends no events.
func guarded() harness.Candidate {
	return harness.Candidate{
		Name: "guarded", Summary: "RequireLeader, progress requests and an idle timeout, no freshness probe (TiDB #69047).",
		Workloads: workloads(), Timing: guardedTiming, New: made(guardedTraits), Caught: oracle.Freshness{}.Name(),
	}
}

// guardedTiming is the part of the engine's timing that a guarded manager uses.
func guardedTiming(suggested bound.Manager) bound.Manager {
	return bound.Manager{
		ProgressInterval: suggested.ProgressInterval, IdleTimeout: suggested.IdleTimeout,
		RequestTimeout: suggested.RequestTimeout, BackoffCap: suggested.BackoffCap,
	}
}

func guardedTraits(t bound.Timing) traits {
	return traits{
		client: dialing(t.BackoffCap), requireLeader: true, progress: t.ProgressInterval, idle: t.IdleTimeout,
		request: t.RequestTimeout, retry: t.BackoffCap, mistakes: mistakes{fromNext: true, trustsHeaders: true},
	}
}

// dialing changes a client's configuration to the dial settings of TiProxy and BR, with the given backoff limit. One is left out: they also ping idle
// connections, which etcd answers with GOAWAY too_many_pings (the manager pinger does).
func dialing(limit time.Duration) func(*clientv3.Config) {
	return func(c *clientv3.Config) {
		c.DialTimeout = 5 * time.Second
		c.DialKeepAliveTime = 10 * time.Second
		c.DialKeepAliveTimeout = 3 * time.Second
		c.DialOptions = append(c.DialOptions, grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           grpcbackoff.Config{BaseDelay: min(time.Second, limit), Multiplier: 1.1, Jitter: 0.1, MaxDelay: limit},
			MinConnectTimeout: limit,
		}))
	}
}
