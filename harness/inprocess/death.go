package inprocess

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	serverstorage "go.etcd.io/etcd/server/v3/storage"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Death notices when an etcd server ends itself. If its disk is full or its data are broken, etcd logs at level fatal or panic, which would
// end the process. Here it ends the server only. The zero value is not usable; see [NewDeath].
type Death struct {
	report func(cause error)
	once   sync.Once
	cause  atomic.Pointer[error]
	done   chan struct{}
	// released is closed when the server that died applies nothing any more, so that its raft loop may go on and end.
	released chan struct{}
}

// NewDeath makes a Death for a server that is about to start. If the server dies, report is called once, by the goroutine of etcd that
// failed. report must not block, and must cut the server off from its peers and clients.
func NewDeath(report func(cause error)) *Death {
	return &Death{report: report, done: make(chan struct{}), released: make(chan struct{})}
}

// Cause is why the server died, nil while it has not.
func (d *Death) Cause() error {
	if cause := d.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

// Done is closed when the server has died.
func (d *Death) Done() <-chan struct{} { return d.done }

// Logger is a logger for the server that writes to log and notices the server's death.
func (d *Death) Logger(log *zap.Logger) *zap.Logger {
	return log.WithOptions(zap.WithFatalHook((*exitHook)(d)), zap.WithPanicHook((*exitHook)(d)))
}

// exitHook is a [Death] as the hook that zap calls after each message at level fatal or panic.
type exitHook Death

// OnWrite ends the calling goroutine, or lets it continue if the server could not be stopped otherwise.
func (l *exitHook) OnWrite(entry *zapcore.CheckedEntry, fields []zapcore.Field) {
	d := (*Death)(l)
	d.once.Do(func() {
		cause := fmt.Errorf("etcd ended itself: %s", entry.Message)
		for _, f := range fields {
			if err, ok := f.Interface.(error); ok && f.Type == zapcore.ErrorType {
				cause = fmt.Errorf("%w: %w", cause, err)
			}
		}
		d.cause.Store(&cause)
		close(d.done)
		d.report(cause)
	})
	switch {
	case ofRaftLoop[entry.Message]:
		d.awaitRelease()
	case !continues[entry.Message]:
		runtime.Goexit()
	}
}

// awaitRelease blocks until the server applies nothing any more, at most for stopTimeout.
func (d *Death) awaitRelease() {
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-d.released:
	case <-timer.C:
	}
}

// ofRaftLoop are the messages of the raft loop. It must not end, since HardStop would then wait for it for ever. Nor must it go on before the
// server has begun to stop: a single member would commit and apply entries that are not in its raft log.
var ofRaftLoop = map[string]bool{
	"failed to save Raft hard state and entries": true,
	"failed to save Raft snapshot":               true,
	"failed to sync Raft snapshot":               true,
	"failed to release Raft wal":                 true,
}

// continues are the messages after which the goroutine must not end either, since HardStop waits for it, or for a lock of the backend that it
// holds. The goroutine can do no harm afterwards: the server is cut off, so nobody receives what it acknowledges. A backend transaction that
// could not be committed is still in the raft log and is applied again after a restart.
var continues = map[string]bool{
	"failed to close Raft storage": true,
	"failed to commit tx":          true,
}

// Start calls f, which starts a server, and blocks until it returns. It returns f's error, an error made of f's panic, or the cause of the
// server's death if that made f fail. Files that a server opened before it died in f stay open: etcd offers no way to close them.
func (d *Death) Start(f func() error) error {
	ended := make(chan error, 1)
	go func() {
		err := errors.New("etcd ended the goroutine that started it")
		defer func() {
			// With some kinds of broken data, etcd continues after the fatal message and dereferences a nil pointer.
			if p := recover(); p != nil {
				err = fmt.Errorf("etcd panicked while it started: %v", p)
			}
			ended <- err
		}()
		err = f()
	}()
	err := <-ended
	if cause := d.Cause(); err != nil && cause != nil {
		return cause
	}
	return err
}

// stopTimeout is how long AwaitStop waits for a server that died.
const stopTimeout = 10 * time.Second

// AwaitStop calls stop and blocks until it has returned. stopping is closed when the server has begun to stop, and applies nothing any more.
// If the server died, AwaitStop also closes the files of its raft log, which is in s. A server that died may be unable to stop: after ten
// seconds AwaitStop returns an error, and stop goes on in its goroutine.
func (d *Death) AwaitStop(stop func(), stopping <-chan struct{}, s serverstorage.Storage) error {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var since time.Duration
	for {
		select {
		case <-stopping:
			close(d.released)
			stopping = nil
		case <-stopped:
			if d.Cause() == nil {
				return nil
			}
			return releaseLog(s)
		case <-ticker.C:
			if d.Cause() == nil {
				continue
			}
			if since += time.Second; since >= stopTimeout {
				return fmt.Errorf("a server that died does not stop within %v: %w", stopTimeout, d.Cause())
			}
		}
	}
}
