package bound

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The figures are the derivation worked out by hand, for two prefixes of a cluster of three members.
func TestBudgetsFollowFromTheTiming(t *testing.T) {
	timing := Production()
	b := Budgets{Bounds: Bounds{Timing: timing}, Members: 3, Keys: 2, Streams: 1}
	require.Equal(t, 3*time.Second, b.Window())
	require.Equal(t, 2, b.times(3*time.Second), "at the beginning and at the end")
	require.Equal(t, 4, b.times(time.Second))
	require.Equal(t, 0, b.times(0), "never")
	require.Equal(t, 7, b.attempts(), "five pauses double from 100 ms to 3 s; then there are two attempts")
	require.Equal(t, 6, b.Dials(true))
	require.Equal(t, 21, b.Dials(false))
	require.Equal(t, 14, b.Watches(true))
	require.Equal(t, 42, b.Watches(false), "each attempt goes from member to member")
	require.Equal(t, 2*(4+2)+4*2+3*3, b.Requests(true), "probes and progress, refreshes, housekeeping")
	require.Equal(t, 2*(4+2)+4*2+3*3+3*3*7, b.Requests(false), "and one to each member for each attempt at two streams and the own keys")

	b.Faults = 1
	require.Equal(t, 21, b.Dials(false), "one fault is what is allowed for anyway")
	b.Faults = 3
	require.Equal(t, 3*(3*5+2), b.Dials(false), "the pauses are short again after each fault")
	b.Faults = 0

	b.Things = 2
	require.Equal(t, 12, b.Dials(true), "with a further client")
	require.Equal(t, 42, b.Dials(false))
	require.Equal(t, 14+2*7, b.Watches(true), "one on each key that is waited for")
	require.Equal(t, 2*(4+2)+4*2+3*3+4*2*4, b.Requests(true), "four requests for each thing in each election timeout")
	require.Equal(t, 2*(4+2)+4*2+3*3+4*2*4+3*(3+2)*7, b.Requests(false))
	b.Things = 0

	b.Streams = 2
	require.Equal(t, 28, b.Watches(true))
	require.Equal(t, 4*(4+2)+4*2+3*3, b.Requests(true))

	b.Streams, b.Timing = 1, timing.With(Manager{Poll: time.Second})
	require.Equal(t, 2*4+3*3, b.Requests(true), "polls and housekeeping")
	b.Timing = timing.With(Manager{})
	require.Equal(t, 3*3, b.Requests(true), "what every manager may do")

	often := timing
	often.Load = 100 * time.Millisecond
	b.Timing = often
	require.Equal(t, 2*31, b.Watches(true), "one after each update")
}

func TestTheMachineMayDelayWhatWasDue(t *testing.T) {
	b := Bounds{Timing: Compressed()}
	require.Equal(t, time.Second, b.Window(), "no less than the seconds that are counted")
	require.Equal(t, 1+6, b.times(250*time.Millisecond))
	require.Equal(t, 4+4, Budgets{Bounds: b}.attempts())
	require.Equal(t, 3*time.Second, Bounds{Timing: Timing{Manager: Manager{BackoffCap: 2001 * time.Millisecond}}}.Window(), "whole seconds")
}

func TestADeadConnectionIsGivenUpByKeepalive(t *testing.T) {
	b := Bounds{Timing: Production()}
	require.Equal(t, 18*time.Second, b.DeadConnection())
	require.Equal(t, 18*time.Second+b.Calm(), b.CutOff())
	require.Equal(t, 13*time.Second, Production().With(Manager{}).KeepAlive, "a manager that names none has that of the engine")
	b.Timing = b.Timing.With(Manager{KeepAlive: 40 * time.Second})
	require.Equal(t, 45*time.Second, b.DeadConnection())
	b.Timing = Production().With(Manager{KeepAlive: time.Second, IdleTimeout: time.Minute})
	require.Equal(t, b.SilentLeader(), b.CutOff())
	slow := Compressed()
	require.Equal(t, 18*time.Second+slow.Slack, Bounds{Timing: slow}.DeadConnection())
}

func TestAnOwnerIsToldAndReplaced(t *testing.T) {
	b := Bounds{Timing: Production()}
	require.Equal(t, b.Timing.Refresh+b.Attach()+b.Calm(), b.Told(), "the refresh is rarer than a third of the TTL")
	b.Timing.Refresh = time.Second
	require.Equal(t, b.Timing.LeaseTTL/3+b.Attach()+b.Calm(), b.Told())
	require.Equal(t, 90*time.Second+time.Second+b.Election()+500*time.Millisecond+time.Second+b.Attach()+b.Calm(), b.Takeover())
}
