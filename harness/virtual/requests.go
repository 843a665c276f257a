package virtual

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/stormwatch/stormwatch/harness/link"
	"github.com/stormwatch/stormwatch/harness/point"
)

// peerRequests carries the HTTP requests that a server makes to its peers besides raft messages: to renew a lease at the leader, to ask
// for versions, to promote a learner. A request passes the same points as raft messages, and its response those of the other direction.
type peerRequests struct{ from *run }

var _ http.RoundTripper = (*peerRequests)(nil)

// RoundTrip makes a request and blocks until the response has come or the request's context ends.
func (r *peerRequests) RoundTrip(request *http.Request) (*http.Response, error) {
	from := r.from.member
	to := from.cluster.find(func(m *member) bool { return from.cluster.peerHost(m.name) == request.URL.Host })
	if to == nil {
		return nil, fmt.Errorf("%s: no member of cluster %s is called so", request.URL, from.cluster.name)
	}
	body, err := wholeBody(request)
	if err != nil {
		return nil, err
	}
	ctx, cancel := endsWithEither(request.Context(), r.from.ctx)
	defer cancel()
	if err := passPoints(ctx, from, to); err != nil {
		awaitRefusal(ctx)
		return nil, fmt.Errorf("%s: %w", request.URL, err)
	}
	peer := to.current.Load()
	if peer == nil {
		awaitRefusal(ctx)
		return nil, fmt.Errorf("%s: connection refused: member %s is down", request.URL, to)
	}
	answer, err := peer.answer(ctx, request, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", request.URL, err)
	}
	if err := passPoints(ctx, to, from); err != nil {
		return nil, fmt.Errorf("%s: the answer: %w", request.URL, err)
	}
	answer.Request = request
	return answer, nil
}

// answer serves a request with the run's own peer handler. It blocks until the response is ready, or ctx or the run ends.
func (r *run) answer(ctx context.Context, request *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := endsWithEither(ctx, r.ctx)
	defer cancel()
	served := request.Clone(ctx)
	served.Body = io.NopCloser(bytes.NewReader(body))
	answer := make(chan *http.Response, 1)
	// The handler ends within etcd's request timeout or with its server. Nobody waits for a response that comes after ctx has ended.
	go func() {
		recorder := httptest.NewRecorder()
		r.peers.ServeHTTP(recorder, served)
		answer <- recorder.Result()
	}()
	select {
	case a := <-answer:
		return a, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("no answer from member %s: %w", r.member, ctx.Err())
	}
}

// passPoints takes a request or a response past the points from one member to another. If a point drops it, passPoints blocks until ctx
// ends or the point is healed, which cuts the connection.
func passPoints(ctx context.Context, from, to *member) error {
	board := from.cluster.env.Board
	for _, at := range link.PeerPoints(board, from.cluster.name, from.name, to.name) {
		switch board.Pass(ctx.Done(), at) {
		case point.Pass:
		case point.Drop:
			// No answer can come while the point is on. Its end cuts the connection.
			if board.AwaitOff(ctx.Done(), at) != nil {
				return ctx.Err()
			}
			return link.ErrCut
		default:
			if err := ctx.Err(); err != nil {
				return err
			}
			return link.ErrCut
		}
	}
	return nil
}

// wholeBody reads the body of a request and closes it, as a round tripper must.
func wholeBody(request *http.Request) ([]byte, error) {
	if request.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		_ = request.Body.Close()
		return nil, fmt.Errorf("%s: %w", request.URL, err)
	}
	return body, request.Body.Close()
}

// endsWithEither returns a context that ends when a or b ends.
func endsWithEither(a, b context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(a)
	stop := context.AfterFunc(b, cancel)
	return ctx, func() { stop(); cancel() }
}
