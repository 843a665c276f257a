package bound

import "time"

// Bounds are the sums that oracles and scenarios hold a manager to. Each is a function of the timing alone.
type Bounds struct{ Timing Timing }

// Calm is how stale a view may be while nothing is wrong: the event travels to the manager within a heartbeat (etcd sets
// its heartbeat to the round trip it expects), and the harness sees the view at its next look. A manager that polls reads the update at
// its next poll.
func (b Bounds) Calm() time.Duration {
	return b.Timing.Heartbeat + b.Timing.Poll + b.Timing.Observe + b.Timing.Slack
}

// Election is how long a cluster may be without a leader after it lost one with its quorum intact: followers notice within
// one to two election timeouts (raft draws from that interval), a pre-vote and a vote take a heartbeat each, and a vote
// that splits costs one more such draw.
func (b Bounds) Election() time.Duration {
	return 2*b.electionRound() + b.Timing.Slack
}

func (b Bounds) electionRound() time.Duration { return 2*b.Timing.Election + 2*b.Timing.Heartbeat }

// Attach is how long it takes to settle on another member once the old one is given up: a dial, a read and the creation of
// the watch. An attempt that meets the bad member again costs a request timeout before the next one is tried, and every
// pause in between is capped.
func (b Bounds) Attach() time.Duration {
	return b.Timing.RequestTimeout + b.Timing.BackoffCap + b.Timing.Slack
}

// ProbeNotice is how long a freshness probe needs to call a watch stale, from the instant an update was committed that the
// watch does not deliver: a probe in flight that fails costs its timeout, the next one comes an interval later, through another
// member, and takes at most its timeout too; then the watch is given its grace.
func (b Bounds) ProbeNotice() time.Duration {
	return 2*b.Timing.ProbeTimeout + b.Timing.ProbeInterval + b.Timing.ProbeGrace + b.Timing.Slack
}

// IdleNotice is how long an idle timeout needs to call a watch silent.
func (b Bounds) IdleNotice() time.Duration { return b.Timing.IdleTimeout + b.Timing.Slack }

// PollNotice is how long a manager that polls needs to find out that its member does not answer: the read that is under way, or the next one,
// runs out of time.
func (b Bounds) PollNotice() time.Duration {
	return b.Timing.Poll + b.Timing.RequestTimeout + b.Timing.Slack
}

// StaleNotice is how long a manager needs to see that a member which answers everything has fallen behind. Neither progress nor an
// idle timeout helps there: it takes a probe, or a linearizable read of the manager's own. A manager that has neither is allowed
// Timing.Unaided.
func (b Bounds) StaleNotice() time.Duration {
	switch {
	case b.Timing.ProbeInterval > 0:
		return b.ProbeNotice()
	case b.Timing.Poll > 0:
		return b.PollNotice()
	}
	return b.Timing.Unaided
}

// SilentNotice is the same for a member that does not answer at all: what is quickest of that which the manager has.
func (b Bounds) SilentNotice() time.Duration {
	notice := b.StaleNotice()
	if b.Timing.IdleTimeout == 0 {
		return notice
	}
	if b.Timing.ProbeInterval == 0 && b.Timing.Poll == 0 {
		return b.IdleNotice()
	}
	return min(notice, b.IdleNotice())
}

// HungLeader is how long the view may stand still after the leader's disk hung with the watch on it: nobody tells the
// watch, so that only a probe finds out, and it can do so only once a new leader committed something.
func (b Bounds) HungLeader() time.Duration {
	return b.Election() + b.Timing.Load + b.StaleNotice() + b.Attach() + b.Calm()
}

// IsolatedLeader is the same for a leader that lost its peers but not its clients. etcd cancels a watch that requires a
// leader three election timeouts after the member steps down; a probe is no slower than that in production.
func (b Bounds) IsolatedLeader() time.Duration { return b.HungLeader() }

// LostLeader is how long the view may stand still after the leader died or handed over: the broken stream tells the
// manager at once.
func (b Bounds) LostLeader() time.Duration {
	return b.Election() + b.Timing.Load + b.Attach() + b.Calm()
}

// LostMember is the same for a member that did not lead, or for connections that were reset.
func (b Bounds) LostMember() time.Duration {
	return b.Timing.Load + b.Attach() + b.Calm()
}

// SilentMember is how long the view may stand still after the watch's member stopped answering while its cluster goes on:
// a probe or the idle timeout notices, whichever is first.
func (b Bounds) SilentMember() time.Duration {
	return b.Timing.Load + b.SilentNotice() + b.Attach() + b.Calm()
}

// StaleMember is the same for a member that answers everything and only keeps the events back, or has none because it has fallen
// behind: an idle timeout notices nothing there.
func (b Bounds) StaleMember() time.Duration {
	return b.Timing.Load + b.StaleNotice() + b.Attach() + b.Calm()
}

// SilentLeader is SilentMember where the member led, and its cluster elects another.
func (b Bounds) SilentLeader() time.Duration { return b.Election() + b.SilentMember() }

// Slow is what a delay adds for as long as every commit and every answer takes as much longer: a commit is a round
// trip through the slow member, and so is the answer.
func (b Bounds) Slow(delay time.Duration) time.Duration { return 2 * delay }

// Failover is the largest of the bounds that hold while a fault lasts and the quorum does too.
func (b Bounds) Failover() time.Duration {
	return max(b.HungLeader(), b.IsolatedLeader(), b.LostLeader(), b.SilentLeader(), b.StaleMember())
}

// IdleEarly and IdleLate are how far from its idle timeout a manager may call a watch idle. The harness notes an answer when
// the member sends it; it reaches the manager within a heartbeat, and the harness sees the manager's word at its next look.
func (b Bounds) IdleEarly() time.Duration { return 0 }

// IdleLate: see IdleEarly.
func (b Bounds) IdleLate() time.Duration {
	return b.Timing.Heartbeat + b.Timing.Observe + b.Timing.Slack
}

// Start is how long a manager may take from its start to a fresh view of a healthy cluster, through the one member that is
// open to it: it tries the members in turn.
func (b Bounds) Start(members int) time.Duration {
	return time.Duration(members)*b.Attach() + b.Calm()
}

// Registered is how long a manager's own keys may be missing from a cluster that it can reach: its lease ran out, and the
// next refresh puts them there again.
func (b Bounds) Registered() time.Duration {
	return b.Timing.Refresh + b.Attach() + b.Calm()
}

// Close is how long a manager may take to end and to have taken everything with it, also while nothing answers: one request
// to give its lease back, and what it had under way.
func (b Bounds) Close() time.Duration {
	return 2*b.Timing.RequestTimeout + b.Timing.ProbeTimeout + b.Timing.Slack
}

// Look is how long View may take. It must answer from what it has, and a twentieth of a heartbeat is shorter than any request.
func (b Bounds) Look() time.Duration { return b.Timing.Heartbeat/20 + b.Timing.Slack }
