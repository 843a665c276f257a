package rpc

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/stormwatch/stormwatch/harness/point"
)

// call is a call under a decision: when its effect took place and when it was answered, since the begin, and with what.
type call struct {
	effect, answered time.Duration // negative: never
	err              error
}

// underDecision makes a call to Put with a timeout, under a decision that is healed after a while.
func underDecision(t *testing.T, d point.Decision, healed, timeout time.Duration) (c call) {
	synctest.Test(t, func(t *testing.T) {
		board := point.NewBoard(time.Second, nil)
		defer board.Close()
		m := Member{Board: board, Cluster: "alpha", Name: "m1"}
		thrown, err := board.Throw(m.path(point.Unary("Put")), d.Terms())
		require.NoError(t, err)
		time.AfterFunc(healed, thrown.Heal)
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		began := time.Now()
		c.effect = -1
		_, c.err = m.interceptUnary(ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/etcdserverpb.KV/Put"}, func(context.Context, any) (any, error) {
			c.effect = time.Since(began)
			return nil, nil
		})
		c.answered = time.Since(began)
		<-time.After(healed)
	})
	return c
}

func TestAUnaryPointDecidesWhenACallTakesEffectAndWhenItIsAnswered(t *testing.T) {
	const never, second, minute, hour = -1, time.Second, time.Minute, time.Hour
	timedOut := status.FromContextError(context.DeadlineExceeded).Err()
	for name, test := range map[string]struct {
		decision        point.Decision
		healed, timeout time.Duration
		want            call
	}{
		"delay":              {point.Decision{Kind: point.Delay, Delay: second}, hour, minute, call{second, second, nil}},
		"hang, healed":       {point.Decision{Kind: point.Hang}, second, minute, call{second, second, nil}},
		"hang, given up":     {point.Decision{Kind: point.Hang}, hour, minute, call{never, minute, timedOut}},
		"drop, healed":       {point.Decision{Kind: point.Drop}, second, minute, call{0, second, rpctypes.ErrGRPCTimeout}},
		"drop, given up":     {point.Decision{Kind: point.Drop}, hour, minute, call{0, minute, timedOut}},
		"fail":               {point.Decision{Kind: point.Fail}, hour, minute, call{never, 0, rpctypes.ErrGRPCTimeout}},
		"delay, all in vain": {point.Decision{Kind: point.Delay, Delay: hour}, 2 * hour, minute, call{never, minute, timedOut}},
	} {
		t.Run(name, func(t *testing.T) {
			got := underDecision(t, test.decision, test.healed, test.timeout)
			require.Equal(t, status.Code(test.want.err), status.Code(got.err))
			if status.Code(test.want.err) != codes.DeadlineExceeded {
				require.Equal(t, test.want.err, got.err)
			}
			require.Equal(t, test.want.effect, got.effect)
			require.Equal(t, test.want.answered, got.answered)
		})
	}
}

func TestAPointOfAnotherMethodDoesNotMatter(t *testing.T) {
	board := point.NewBoard(time.Second, nil)
	defer board.Close()
	m := Member{Board: board, Cluster: "alpha", Name: "m1"}
	thrown, err := board.Throw(m.path(point.Unary("Txn")), point.Decision{Kind: point.Fail}.Terms())
	require.NoError(t, err)
	defer thrown.Heal()
	answer, err := m.interceptUnary(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: "/etcdserverpb.KV/Put"}, func(context.Context, any) (any, error) {
		return "answer", nil
	})
	require.NoError(t, err)
	require.Equal(t, "answer", answer)
}
