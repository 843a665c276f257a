package link_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/link"
	"github.com/stormwatch/stormwatch/harness/point"
)

// ends is a link between a client and a member, in a bubble.
type ends struct {
	board          *point.Board
	link           *link.Link
	client, member net.Conn
}

func connected(t *testing.T) *ends {
	t.Helper()
	e := &ends{board: point.NewBoard(time.Second, nil)}
	e.link = link.ToClients(e.board, "link", "m1")
	near, far := net.Pipe()
	var err error
	e.client, err = e.link.Wrap(near)
	require.NoError(t, err)
	e.member = far
	t.Cleanup(func() {
		e.board.Close()
		_ = e.client.Close()
		_ = e.member.Close()
	})
	return e
}

func (e *ends) throw(t *testing.T, n point.Name, d point.Decision) *point.Thrown {
	t.Helper()
	thrown, err := e.board.Throw(e.board.Path("link", "m1", n), d.Terms())
	require.NoError(t, err)
	return thrown
}

// receive reads n bytes in the background.
func receive(c net.Conn, n int) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(c, make([]byte, n))
		done <- err
	}()
	return done
}

func TestDataPassesAnOpenLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := connected(t)
		got := receive(e.member, 5)
		_, err := e.client.Write([]byte("hello"))
		require.NoError(t, err)
		require.NoError(t, <-got)
		answered := receive(e.client, 2)
		_, err = e.member.Write([]byte("ok"))
		require.NoError(t, err)
		require.NoError(t, <-answered)
		require.Equal(t, 1, e.link.Open())
	})
}

func TestDelayedDataArrivesLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := connected(t)
		e.throw(t, point.ClientRead, point.Decision{Kind: point.Delay, Delay: 250 * time.Millisecond})
		got := receive(e.member, 1)
		began := time.Now()
		_, err := e.client.Write([]byte("x"))
		require.NoError(t, err)
		require.NoError(t, <-got)
		require.Equal(t, 250*time.Millisecond, time.Since(began))
	})
}

// A member's close travels to its client as data do. A writer that learned of it before the reader would see a connection that is both open and closed.
func TestAWriterLearnsOfTheMembersCloseNoEarlierThanAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := connected(t)
		e.throw(t, point.ClientWrite, point.Decision{Kind: point.Delay, Delay: time.Second})
		require.NoError(t, e.member.Close())
		began := time.Now()
		_, err := e.client.Write([]byte("x"))
		require.Error(t, err)
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestHeldDataArrivesAfterTheHeal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := connected(t)
		hang := e.throw(t, point.ClientWrite, point.Decision{Kind: point.Hang})
		got := receive(e.client, 1)
		began := time.Now()
		_, err := e.member.Write([]byte("x"))
		require.NoError(t, err)
		time.AfterFunc(time.Hour, hang.Heal)
		require.NoError(t, <-got)
		require.Equal(t, time.Hour, time.Since(began))
	})
}

func TestClosingEndsAHeldWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := connected(t)
		e.throw(t, point.ClientRead, point.Decision{Kind: point.Hang})
		time.AfterFunc(time.Minute, func() { _ = e.client.Close() })
		_, err := e.client.Write([]byte("x"))
		require.Error(t, err)
		require.Zero(t, e.link.Open())
	})
}

// A byte stream cannot lose bytes in the middle: a connection that lost some delivers nothing more, and is cut when the fault is healed.
func TestAConnectionThatLostBytesIsCutWhenTheLossEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := connected(t)
		drop := e.throw(t, point.ClientRead, point.Decision{Kind: point.Drop})
		got := receive(e.member, 1)
		for range 3 {
			_, err := e.client.Write([]byte("x"))
			require.NoError(t, err)
		}
		synctest.Wait()
		require.Equal(t, 1, e.link.Open())
		drop.Heal()
		require.Error(t, <-got, "the lost byte arrived")
		synctest.Wait()
		require.Zero(t, e.link.Open())
	})
}

func TestResetAnswersWithACut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := connected(t)
		e.throw(t, point.ClientRead, point.Decision{Kind: point.Reset})
		_, err := e.client.Write([]byte("x"))
		require.ErrorIs(t, err, link.ErrCut)
		require.Zero(t, e.link.Open())
	})
}

func TestCutReachesIdleConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := connected(t)
		got := receive(e.client, 1)
		e.link.Cut()
		require.ErrorIs(t, <-got, link.ErrCut)
	})
}

func TestAdmission(t *testing.T) {
	for name, c := range map[string]struct {
		decision point.Decision
		want     error
	}{
		"open":    {point.Decision{Kind: point.Delay, Delay: time.Second}, nil},
		"refused": {point.Decision{Kind: point.Refuse}, link.ErrRefused},
		"dropped": {point.Decision{Kind: point.Drop}, link.ErrRefused},
		"reset":   {point.Decision{Kind: point.Reset}, link.ErrCut},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := connected(t)
				e.throw(t, point.ClientAccept, c.decision)
				err := e.link.Admit(nil)
				require.True(t, errors.Is(err, c.want) || err == nil && c.want == nil, "%v", err)
			})
		})
	}
}

func TestALinkThatIsDownCutsAndRefusesUntilItIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := connected(t)
		e.link.Down()
		require.Zero(t, e.link.Open())
		require.ErrorIs(t, e.link.Admit(nil), link.ErrRefused)
		near, far := net.Pipe()
		defer far.Close()
		_, err := e.link.Wrap(near)
		require.ErrorIs(t, err, link.ErrRefused)
		e.link.Up()
		require.NoError(t, e.link.Admit(nil))
	})
}
