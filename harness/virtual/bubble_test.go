package virtual

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func TestTimePassesInABubbleOnly(t *testing.T) {
	wall := time.Now()
	var virtual time.Duration
	require.NoError(t, New(t, 1).Run(func() {
		start := time.Now()
		time.Sleep(24 * time.Hour)
		virtual = time.Since(start)
	}))
	require.Equal(t, 24*time.Hour, virtual)
	require.Less(t, time.Since(wall), time.Minute)
}

func TestGoroutinesThatDoNotEndAreNamed(t *testing.T) {
	for name, leak := range map[string]func(){
		"one that waits for ever": func() { go waitForEver() },
		"one that ticks for ever": func() { go tickForEver() },
	} {
		t.Run(name, func(t *testing.T) {
			err := New(t, 1).Run(leak)
			require.ErrorContains(t, err, "1 goroutines did not end")
			require.ErrorContains(t, err, "ForEver < started by")
		})
	}
}

func TestGoroutinesThatDoTheSameAreCounted(t *testing.T) {
	err := New(t, 1).Run(func() {
		for range 3 {
			go waitForEver()
		}
	})
	require.ErrorContains(t, err, "3 goroutines did not end\n    3 × ")
}

func TestWhatEndsSoonAfterTheBodyIsNotLeft(t *testing.T) {
	require.NoError(t, New(t, 1).Run(func() {
		go func() { time.Sleep(grace / 2) }()
	}))
}

func TestAPanicIsAnError(t *testing.T) {
	require.ErrorContains(t, New(t, 1).Run(func() { panic("so it goes") }), "so it goes")
}

func TestABodyThatEndsEarlyIsAnError(t *testing.T) {
	require.EqualError(t, New(t, 1).Run(runtime.Goexit), "the body ended early, by runtime.Goexit, as FailNow does")
}

func TestGoroutinesThatStopTheClockAreNamed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	var lock sync.Mutex
	lock.Lock()
	defer lock.Unlock()
	for name, wait := range map[string]func(){
		"a socket": func() { _, _ = listener.Accept() },
		"a lock":   func() { lock.Lock() }, // never
	} {
		t.Run(name, func(t *testing.T) {
			b := newBubble(t, func() {
				go wait()
				time.Sleep(time.Hour)
			})
			b.patience = 100 * time.Millisecond
			err := b.run()
			require.ErrorContains(t, err, "virtual time has stood still for 100ms: 1 goroutines neither end nor wait")
			require.ErrorContains(t, err, "TestGoroutinesThatStopTheClockAreNamed.func")
			var stuck interface{ Stuck() bool }
			require.ErrorAs(t, err, &stuck)
			require.True(t, stuck.Stuck())
		})
	}
}

// view makes a mistake that a manager may make: it holds a mutex while it waits for the network, or for time to pass.
type view struct {
	mu sync.RWMutex
	n  int
}

func (v *view) refresh() {
	v.mu.Lock()
	defer v.mu.Unlock()
	time.Sleep(time.Minute)
	v.n++
}

func (v *view) read() int {
	v.mu.RLock() // here
	defer v.mu.RUnlock()
	return v.n
}

func TestALockHeldAcrossAWaitIsNamedWithItsLine(t *testing.T) {
	source, err := os.ReadFile("bubble_test.go")
	require.NoError(t, err)
	line := 1 + strings.Count(string(source[:strings.Index(string(source), "v.mu.RLock() // here")]), "\n")
	v := new(view)
	b := newBubble(t, func() {
		go v.refresh()
		time.Sleep(time.Second)
		v.read()
	})
	b.patience = 100 * time.Millisecond
	err = b.run()
	require.ErrorContains(t, err, "1 × waits in sync.RWMutex.RLock at ")
	require.ErrorContains(t, err, fmt.Sprintf("bubble_test.go:%d: github.com/stormwatch/stormwatch/harness/virtual.(*view).read < ", line))
	require.ErrorContains(t, err, "a lock that is held while its holder waits, for the network say, stops virtual time")
	require.NotContains(t, err.Error(), "sync.(*RWMutex)")
}

func TestABodyThatNeverEndsIsGivenUpWithItsStack(t *testing.T) {
	var ticks atomic.Int64
	b := newBubble(t, func() {
		for range time.Tick(time.Hour) {
			ticks.Add(1)
		}
	})
	b.limit = 100 * time.Millisecond
	err := b.run()
	require.ErrorContains(t, err, "the test's time is over, and the body has not ended: 1 goroutines in the body")
	require.ErrorContains(t, err, "TestABodyThatNeverEndsIsGivenUpWithItsStack.func")
	require.Eventually(t, func() bool {
		before := ticks.Load()
		<-time.After(10 * time.Millisecond)
		return ticks.Load() == before
	}, time.Second, time.Millisecond, "its time stands still from then on")
}

func TestPacerPauses(t *testing.T) {
	require.NoError(t, New(t, 1).Run(func() {
		log := zap.New(pacer{LevelEnabler: zapcore.WarnLevel, pause: time.Second})
		start := time.Now()
		log.Warn("anything else")
		require.Zero(t, time.Since(start))
		log.Warn(notPublished)
		require.Equal(t, time.Second, time.Since(start))
	}))
}

func waitForEver() { <-make(chan struct{}) }

func tickForEver() {
	for range time.Tick(time.Second) { // nothing to do
	}
}

func TestParseGoroutines(t *testing.T) {
	dump := `goroutine 7 [running]:
main.main()
	/src/main.go:9 +0x1d

goroutine 34 [select (durable), 2 minutes, synctest bubble 12]:
google.golang.org/grpc/internal/transport.(*controlBuffer).get(0xc000124000, 0x1)
	/mod/grpc/internal/transport/controlbuf.go:412 +0x115
google.golang.org/grpc/internal/transport.NewHTTP2Client.func6(...)
	/mod/grpc/internal/transport/http2_client.go:477
created by google.golang.org/grpc/internal/transport.NewHTTP2Client in goroutine 33
	/mod/grpc/internal/transport/http2_client.go:475 +0x1f05
`
	all := parseGoroutines(dump)
	require.Len(t, all, 2)
	require.Len(t, filter(all, func(g goroutine) bool { return g.bubble == 12 }), 1)
	all = parseGoroutines(dump)
	require.Equal(t, goroutine{
		bubble: 12, durable: true, state: "select (durable)",
		stack: "google.golang.org/grpc/internal/transport.(*controlBuffer).get < google.golang.org/grpc/internal/transport.NewHTTP2Client.func6" +
			" < started by google.golang.org/grpc/internal/transport.NewHTTP2Client",
	}, all[1])
	require.Equal(t, fmt.Sprintf("2 × %s: %s", all[1].state, all[1].stack), summarize([]goroutine{all[1], all[1]})[0])
}
