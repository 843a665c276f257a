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

// peerRequests carries the requests that a server makes to its peers besides raft's traffic: to renew a lease at the leader, to ask for
// versions, to promote a learner. A request takes the way that raft messages take, and its answer the way back.
type peerRequests struct{ from *life }

var _ http.RoundTripper = (*peerRequests)(nil)

// RoundTrip makes a request and waits for the answer, for as long as the request's context lasts.
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
	if err := travel(ctx, from, to); err != nil {
		refused(ctx)
		return nil, fmt.Errorf("%s: %w", request.URL, err)
	}
	l := to.alive.Load()
	if l == nil {
		refused(ctx)
		return nil, fmt.Errorf("%s: connection refused: member %s is down", request.URL, to)
	}
	answer, err := l.answer(ctx, request, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", request.URL, err)
	}
	if err := travel(ctx, to, from); err != nil {
		return nil, fmt.Errorf("%s: the answer: %w", request.URL, err)
	}
	answer.Request = request
	return answer, nil
}

// answer has the peer's own handler serve a request, until ctx or the life ends.
func (l *life) answer(ctx context.Context, request *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := endsWithEither(ctx, l.ctx)
	defer cancel()
	served := request.Clone(ctx)
	served.Body = io.NopCloser(bytes.NewReader(body))
	answer := make(chan *http.Response, 1)
	// The handler ends within etcd's request timeout, or with its server; what it would answer later is of no use to anybody.
	go func() {
		recorder := httptest.NewRecorder()
		l.peers.ServeHTTP(recorder, served)
		answer <- recorder.Result()
	}()
	select {
	case a := <-answer:
		return a, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("no answer from member %s: %w", l.member, ctx.Err())
	}
}

// travel takes a request or an answer past the points from one member to another. What is dropped is not noticed before ctx ends,
// or the connection is cut because the point was healed.
func travel(ctx context.Context, from, to *member) error {
	board := from.cluster.env.Board
	for _, at := range link.PeerPoints(from.cluster.name, from.name, to.name) {
		switch board.Pass(ctx.Done(), at) {
		case point.Pass:
		case point.Drop:
			// Nobody answers until the point is healed, and then the connection is gone.
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

// wholeBody reads what a request sends, and closes it as a round tripper must.
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

// endsWithEither is a context that ends when one of two does.
func endsWithEither(a, b context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(a)
	stop := context.AfterFunc(b, cancel)
	return ctx, func() { stop(); cancel() }
}
