package bound

import (
	"math"
	"time"
)

// Budgets say how much a manager may send to one cluster. They follow from what it does there and from the timing; [Bounds.Window] is the time that
// they are for.
type Budgets struct {
	Bounds
	// Members is how many members the cluster has, Keys how many keys or prefixes the manager follows there, and Streams how many watches of each
	// it keeps open at once. Each is at least 1.
	Members, Keys, Streams int
	// Things is how many things the manager can own there.
	Things int
	// Faults is how many faults begin in the window, one after the other. After each of them the pauses between attempts may be short again. Zero
	// counts as one, since a window may begin amid a recovery.
	Faults int
}

// Window is the time in which traffic is counted, in whole seconds: at least the longest pause between two attempts.
func (b Bounds) Window() time.Duration {
	return max(time.Second, (b.Timing.BackoffCap + time.Second - 1).Truncate(time.Second))
}

// times is how often in a window, at most, something happens that is done once an interval. The machine may delay what was due before the window by
// Slack. Zero if the manager has no such interval.
func (b Bounds) times(every time.Duration) int {
	if every == 0 {
		return 0
	}
	return 1 + int(math.Ceil(float64(b.Window()+b.Timing.Slack)/float64(every)))
}

// attempts is how many attempts at one thing may fall into a window: after each fault, pauses that double from a heartbeat to the backoff cap, and
// then one attempt for each backoff cap.
func (b Budgets) attempts() int {
	doublings := math.Ceil(math.Log2(float64(b.Timing.BackoffCap) / float64(b.Timing.Heartbeat)))
	return max(1, b.Faults)*max(0, int(doublings)) + b.times(b.Timing.BackoffCap)
}

// Dials is how many connections a manager may try to make in a window: while something is wrong, one after another to each member, with pauses that
// grow; in calm, one to each member for each backoff cap.
//
// A manager that owns things may have a further client for that.
func (b Budgets) Dials(calm bool) int {
	clients := 1
	if b.Things > 0 {
		clients = 2
	}
	if calm {
		return clients * b.Members * b.times(b.Timing.BackoffCap)
	}
	return clients * b.Members * b.attempts()
}

// Watches is how many watches a manager may create in a window: of each key and stream, in calm as many as there are attempts, with pauses that grow, or
// one after each update if it watches for one update at a time; and of each thing that it waits for, as many as there are attempts. While something is wrong, an attempt may go from member to member.
func (b Budgets) Watches(calm bool) int {
	attempts := b.attempts()
	if !calm {
		attempts *= b.Members
	}
	return b.Keys*b.Streams*max(attempts, b.times(b.Timing.Load)) + b.Things*attempts
}

// Requests is how many other requests a manager may send in a window. In calm these are, for each key and stream, a probe and a progress request when
// each is due; for each key, a read for each poll; four requests for each refresh of its own keys: a lease, a renewal, a read and a write; and for
// each member one request of housekeeping for each request timeout, such as a read of the member list. For each thing that can be owned these are as many
// as for own keys in each election timeout: a lease, a renewal, a read and a write. While something is wrong, one more to each member
// for each attempt at a stream, at the own keys, and at each thing, since an attempt may go from member to member.
func (b Budgets) Requests(calm bool) int {
	t, streams := b.Timing, b.Keys*b.Streams
	scheduled := streams*(b.times(t.ProbeInterval)+b.times(t.ProgressInterval)) + b.Keys*b.times(t.Poll) +
		4*b.times(t.Refresh) + b.Members*b.times(t.RequestTimeout) + 4*b.Things*b.times(t.Election)
	if calm {
		return scheduled
	}
	return scheduled + b.Members*(streams+1+b.Things)*b.attempts()
}
