package virtual

import (
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/stormwatch/stormwatch/harness/inprocess"
)

// logger is the member's logger: the world's logger, which also notices the death of the server (see [inprocess.Death]) and pauses a
// server that repeats itself (see pacer).
func (m *member) logger(d *inprocess.Death) *zap.Logger {
	pace := pacer{LevelEnabler: zapcore.WarnLevel, pause: m.cluster.env.Timing.Heartbeat}
	return d.Logger(m.cluster.env.Log.Named(m.name)).WithOptions(
		zap.WrapCore(func(c zapcore.Core) zapcore.Core { return zapcore.NewTee(c, pace) }),
	)
}

// notPublished is what etcd logs whenever a member failed to publish its name and client URLs to the cluster.
const notPublished = "failed to publish local member to cluster through raft"

// pacer makes a server pause after it failed to publish itself to the cluster. etcd tries again at once, and may fail at once again: after
// it has restored a snapshot, for example, it believes that it lags behind until somebody writes. In real time this loop keeps a
// processor busy; in virtual time it would never end, since time passes only while every goroutine waits. Its log message is the only
// place where we can interrupt the loop.
type pacer struct {
	zapcore.LevelEnabler
	pause time.Duration
}

var _ zapcore.Core = pacer{}

// With returns the same pacer.
func (p pacer) With([]zapcore.Field) zapcore.Core { return p }

// Check selects the one message that Write pauses for.
func (p pacer) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if e.Message == notPublished {
		return c.AddCore(e, p)
	}
	return c
}

// Write blocks for the pause.
func (p pacer) Write(zapcore.Entry, []zapcore.Field) error {
	<-time.After(p.pause)
	return nil
}

// Sync does nothing.
func (p pacer) Sync() error { return nil }
