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
// It is not a clientv3.Watcher, for three reasons. That one hides a broken stream and continues by itself, on an
// endpoint of its own choice. After a progress answer it continues from the revision of that answer, and an answer
// that ran ahead of withheld events makes it skip them. And it finds the stream for a progress request by the
// metadata of the context it is asked with, so that a request can go to a stream on which nobody watches. Tokens
// are no concern here: they are credentials of the connection, which every stream on it carries.
type stream struct {
	responses chan *pb.WatchResponse
	// ended receives the one error that ended the stream.
	ended chan error
	wg    sync.WaitGroup
}

// openStream starts a watch that lives until ctx ends, and asks for progress every interval. Both happen in
// goroutines: opening a stream waits for the connection, and sending on one waits for a member that stopped
// reading.
func openStream(ctx context.Context, client *clientv3.Client, create *pb.WatchCreateRequest, interval time.Duration) *stream {
	s := &stream{responses: make(chan *pb.WatchResponse), ended: make(chan error, 1)}
	s.wg.Go(func() { s.ended <- s.run(ctx, client, create, interval) })
	return s
}

// wait returns when the stream's goroutines have ended. Its context must have.
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

// askProgress ends with ctx, or when the stream has broken, which the receiver learns with its reason.
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
