package virtual

import (
	"os"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logger is what a member logs with: the world's logger, with two things added that a member needs even if nobody reads its log.
func (m *member) logger() *zap.Logger {
	return m.cluster.env.Log.Named(m.name).WithOptions(
		zap.WrapCore(func(c zapcore.Core) zapcore.Core {
			pace := pacer{LevelEnabler: zapcore.WarnLevel, pause: m.cluster.env.Timing.Heartbeat}
			if c.Enabled(zapcore.PanicLevel) {
				return zapcore.NewTee(c, pace)
			}
			return zapcore.NewTee(lastWords(), pace)
		}),
		zap.WithFatalHook(zapcore.WriteThenPanic),
	)
}

// lastWords says why etcd ends the process, when a member's data cannot be read for example; a logger that says nothing would end it
// in silence.
func lastWords() zapcore.Core {
	return zapcore.NewCore(zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()), zapcore.Lock(os.Stderr), zapcore.PanicLevel)
}

// notPublished is what a server says whenever it failed to tell its cluster that it is there.
const notPublished = "failed to publish local member to cluster through raft"

// pacer makes a server pause after it failed to tell its cluster that it is there. It tries again at once, and for some reasons fails at
// once too: having taken a snapshot it thinks that it lags behind until somebody writes. In real time that costs a processor; here it
// would be for ever, since time passes only when everybody waits. The log is the one place where that loop can be met.
type pacer struct {
	zapcore.LevelEnabler
	pause time.Duration
}

var _ zapcore.Core = pacer{}

// With returns the same pacer.
func (p pacer) With([]zapcore.Field) zapcore.Core { return p }

// Check has the one message written.
func (p pacer) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if e.Message == notPublished {
		return c.AddCore(e, p)
	}
	return c
}

// Write waits.
func (p pacer) Write(zapcore.Entry, []zapcore.Field) error {
	<-time.After(p.pause)
	return nil
}

// Sync does nothing.
func (p pacer) Sync() error { return nil }
