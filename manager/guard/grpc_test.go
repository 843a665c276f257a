package guard_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/metadata"

	"github.com/stormwatch/stormwatch/manager/guard"
	"github.com/stormwatch/stormwatch/manager/internal/etcdtest"
)

func TestAMemberThatWasAwayForAnHourIsFoundAgainWithinTheBackoffCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		alpha.Members[0].Refuse.Store(true)
		m := start(t, onFake(alpha, guard.Options{}))
		time.Sleep(time.Hour)
		before := alpha.Members[0].Refusals.Load()
		time.Sleep(10 * time.Minute)
		require.InDelta(t, 600/1.5, alpha.Members[0].Refusals.Load()-before, 40, "gRPC tries every 1.5 s, 10 % more or less")
		alpha.Members[0].Refuse.Store(false)
		// The pause of gRPC and then that of the manager, both with jitter.
		time.Sleep(2*3300*time.Millisecond + time.Second)
		require.True(t, m.view().Healthy)
	})
}

func TestTheCallersDialOptionsAreUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		var calls atomic.Int64
		target := onFake(alpha, guard.Options{})
		target.DialOptions = append(target.DialOptions, grpc.WithChainUnaryInterceptor(func(
			ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
		) error {
			calls.Add(1)
			return invoke(ctx, method, req, reply, cc, opts...)
		}))
		start(t, target)
		time.Sleep(time.Second)
		require.Positive(t, calls.Load())
	})
}

func TestAWatchRequiresALeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		target := onFake(alpha, guard.Options{})
		var streams, requiring atomic.Int64
		target.DialOptions = append(target.DialOptions, grpc.WithChainStreamInterceptor(func(
			ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, opts ...grpc.CallOption,
		) (grpc.ClientStream, error) {
			streams.Add(1)
			sent, _ := metadata.FromOutgoingContext(ctx)
			if slices.Equal(sent.Get(rpctypes.MetadataRequireLeaderKey), []string{rpctypes.MetadataHasLeader}) {
				requiring.Add(1)
			}
			return stream(ctx, desc, cc, method, opts...)
		}))
		start(t, target)
		time.Sleep(time.Second)
		require.Equal(t, int64(2), streams.Load())
		require.Equal(t, streams.Load(), requiring.Load())
	})
}

func TestTheCallersDialOptionsComeBeforeTheManagersOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		alpha.Members[0].Refuse.Store(true)
		target := onFake(alpha, guard.Options{})
		minute := backoff.Config{BaseDelay: time.Minute, Multiplier: 1, MaxDelay: time.Minute}
		target.DialOptions = append(target.DialOptions, grpc.WithConnectParams(grpc.ConnectParams{Backoff: minute}))
		start(t, target)
		time.Sleep(time.Hour + time.Second)
		require.Equal(t, int64(61), alpha.Members[0].Refusals.Load())
	})
}

// A write after the read and before the creation of the watch is in neither, unless the watch begins at the revision of the
// read. There is no probe, since it would notice the missing write.
func TestAWatchBeginsAtTheRevisionOfItsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alpha := etcdtest.StartFake(t, 1)
		alpha.Put(checkpointKey, encode(1))
		target := onFake(alpha, guard.Options{WithoutProbe: true})
		target.DialOptions = append(target.DialOptions, grpc.WithChainUnaryInterceptor(func(
			ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
		) error {
			err := invoke(ctx, method, req, reply, cc, opts...)
			if read, ok := req.(*pb.RangeRequest); ok && string(read.Key) == checkpointPrefix {
				alpha.Put(checkpointKey, encode(2))
			}
			return err
		}))
		m := start(t, target)
		time.Sleep(time.Minute)
		require.Equal(t, uint64(2), m.view().Checkpoints["backup"])
	})
}
