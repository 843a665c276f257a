package scenarios_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// What etcd or a link does wrong is not the manager's fault: the run is not judged, and the cause says what was wrong and where.
func TestABrokenPromiseOfAWatchIsNotTheManagersFault(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(*spoiledStream, *pb.WatchResponse) error
		cause string
	}{
		{"a response comes twice", (*spoiledStream).repeat, `^watch promises: etcd or a link, and not the manager, broke a promise of the watch of \S+ on (alpha|beta)/m\d, created at .*: at .* the event of key .* came twice`},
		{"a response is lost", (*spoiledStream).lose, `never came on a watch that had it to deliver`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := scenarios.Hedged() // of two watches of a key, each shows what the other misses
			good := c.New
			c.New = func(s harness.Setup) (harness.Manager, error) {
				m, err := good(s)
				return spoiled{m, test.spoil}, err
			}
			r := harness.Execute(t.Context(), virtual.New(t, 1), scenarios.All()[0], c, harness.Options{Seed: 1})
			require.Equal(t, record.NotJudged, r.Outcome, r.String())
			require.Regexp(t, test.cause, r.Cause)
		})
	}
}

// spoiled is a manager whose clients receive, beneath the harness, what etcd never sent.
type spoiled struct {
	harness.Manager
	spoil func(*spoiledStream, *pb.WatchResponse) error
}

// Apply adds the spoiling to the clients of the targets.
func (s spoiled) Apply(ctx context.Context, targets []harness.Target) error {
	for i := range targets {
		targets[i].DialOptions = append(targets[i].DialOptions, grpc.WithChainStreamInterceptor(func(
			ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption,
		) (grpc.ClientStream, error) {
			stream, err := open(ctx, desc, cc, method, options...)
			return &spoiledStream{ClientStream: stream, spoil: s.spoil}, err
		}))
	}
	return s.Manager.Apply(ctx, targets)
}

// spoiledStream spoils the tenth response with events.
type spoiledStream struct {
	grpc.ClientStream
	spoil  func(*spoiledStream, *pb.WatchResponse) error
	events int
	again  proto.Message
}

func (s *spoiledStream) RecvMsg(m any) error {
	response, ok := m.(*pb.WatchResponse)
	if ok && s.again != nil {
		proto.Merge(response, s.again)
		s.again = nil
		return nil
	}
	if err := s.ClientStream.RecvMsg(m); err != nil || !ok || len(response.GetEvents()) == 0 {
		return err
	}
	if s.events++; s.events == 10 {
		return s.spoil(s, response)
	}
	return nil
}

func (s *spoiledStream) repeat(r *pb.WatchResponse) error {
	s.again = proto.Clone(r)
	return nil
}

func (s *spoiledStream) lose(r *pb.WatchResponse) error {
	proto.Reset(r)
	return s.ClientStream.RecvMsg(r)
}
