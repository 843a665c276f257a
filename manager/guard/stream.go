package guard

import (
	"context"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// stream is one watch on one gRPC stream.
//
// It does not use clientv3.Watcher, for three reasons. First, Watcher hides that a stream broke and resumes by itself, on an
// endpoint that it chooses. Second, after a progress response it resumes from the revision of that response; if the
// response overtook withheld events, it skips these events. Third, it finds the stream for a progress request by the
// metadata of the request's context, so a request may go to a stream without a watch. stream need not handle auth tokens:
// they are credentials of the connection.
type stream struct {
	responses chan *pb.WatchResponse
	// ended receives the one error that ended the stream.
	ended chan error
	wg    sync.WaitGroup
}

// openStream starts a watch, which lasts until ctx ends, and requests progress at the interval. Both happen in goroutines,
// since opening a stream waits for the connection, and sending waits if the member does not read.
func openStream(ctx context.Context, client *clientv3.Client, create *pb.WatchCreateRequest, interval time.Duration) *stream {
	s := &stream{responses: make(chan *pb.WatchResponse), ended: make(chan error, 1)}
	s.wg.Go(func() { s.ended <- s.run(ctx, client, create, interval) })
	return s
}

// wait blocks until the stream's goroutines have ended. The stream's context must have ended.
func (s *stream) wait() { s.wg.Wait() }

func (s *stream) run(ctx context.Context, client *clientv3.Client, create *pb.WatchCreateRequest, interval time.Duration) error {
	rpc, err := pb.NewWatchClient(client.ActiveConnection()).Watch(clientv3.WithRequireLeader(ctx), callOptions...)
	if err != nil {
		return err
	}
	err = rpc.Send(&pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{CreateRequest: create}})
	if err != nil {
		return err
	}
	s.wg.Go(func() { askProgress(ctx, rpc, interval) })
	for {
		response, err := rpc.Recv()
		if err != nil {
			return err
		}
		select {
		case s.responses <- response:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// askProgress requests progress until ctx ends or the stream breaks. Only the receiver reports why it broke.
func askProgress(ctx context.Context, rpc pb.Watch_WatchClient, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			err := rpc.Send(&pb.WatchRequest{
				RequestUnion: &pb.WatchRequest_ProgressRequest{ProgressRequest: &pb.WatchProgressRequest{}},
			})
			if err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
