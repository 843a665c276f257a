package wire

import (
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
)

// A client that sends message after message without a pause would stop virtual time, in which a message takes none. So after a burst at one instant it
// waits a little: the run goes on, and shows what the client does. A burst is far more than a manager sends at one instant with a reason. Where time is
// real, there are no two messages at one instant.
const (
	burst      = 200
	afterBurst = 100 * time.Millisecond
)

// pace counts what a client has sent at the current instant.
type pace struct {
	instant time.Duration
	sent    int
}

// tooMany counts a message that is sent at an instant, and says whether it is past the burst.
func (p *pace) tooMany(now time.Duration) bool {
	if now != p.instant {
		p.instant, p.sent = now, 0
	}
	p.sent++
	return p.sent > burst
}

// sends records that a client is about to send something. After a burst it blocks for a moment, whether the client has canceled what it sends or not.
func (w *Wire) sends(what record.Sending) {
	w.Recorder.Sent(w.Cluster, what)
	w.mu.Lock()
	wait := w.pace.tooMany(w.Recorder.Now())
	w.mu.Unlock()
	if wait {
		<-time.After(afterBurst)
	}
}
