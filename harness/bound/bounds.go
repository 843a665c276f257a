package bound

import "time"

// Bounds are the times within which a manager must do something. Each is a sum of intervals of the timing and of nothing else.
type Bounds struct{ Timing Timing }

// Calm is how stale a view may be while nothing is wrong: the event reaches the manager within a heartbeat (etcd's heartbeat interval is
// meant to be about one round trip), and the harness sees the view at its next look. A manager that polls reads the update at its next
// poll.
func (b Bounds) Calm() time.Duration {
	return b.Timing.Heartbeat + b.Timing.Poll + b.Timing.Observe + b.Timing.Slack
}

// Election is how long a cluster that has a quorum may be without a leader after it lost one: followers notice within one to two election
// timeouts (raft draws from that interval), and a pre-vote and a vote take a heartbeat each. A split vote costs all of this once more.
func (b Bounds) Election() time.Duration {
	return 2*b.electionRound() + b.Timing.Slack
}

func (b Bounds) electionRound() time.Duration { return 2*b.Timing.Election + 2*b.Timing.Heartbeat }

// Attach is how long a manager takes to watch another member once it has given up the old one: a dial, a read and the creation of
// the watch. If the first attempt goes to the bad member again, it costs a request timeout, and the pause before the next attempt is at
// most the backoff cap.
func (b Bounds) Attach() time.Duration {
	return b.Timing.RequestTimeout + b.Timing.BackoffCap + b.Timing.Slack
}

// ProbeNotice is how long a freshness probe needs to find a watch stale, from the commit of an update that the watch does not deliver: a
// probe under way that fails costs its timeout, the next one starts an interval later, through another member, and takes at most its timeout
// too; then the watch has its grace period.
func (b Bounds) ProbeNotice() time.Duration {
	return 2*b.Timing.ProbeTimeout + b.Timing.ProbeInterval + b.Timing.ProbeGrace + b.Timing.Slack
}

// IdleNotice is how long an idle timeout needs to find a watch silent.
func (b Bounds) IdleNotice() time.Duration { return b.Timing.IdleTimeout + b.Timing.Slack }

// PollNotice is how long a manager that polls needs to find out that its member does not answer: the read under way, or the next one, times
// out.
func (b Bounds) PollNotice() time.Duration {
	return b.Timing.Poll + b.Timing.RequestTimeout + b.Timing.Slack
}

// StaleNotice is how long a manager needs to notice that a member which answers everything has fallen behind. Progress requests and idle
// timeouts do not help: only a probe, or the linearizable read of a manager that polls, notices it. A manager with neither is allowed
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

// SilentNotice is how long a manager needs to notice a member that does not answer at all: the shorter of StaleNotice and IdleNotice, if the
// manager has both.
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

// HungLeader is how long the view may be stale after the disk of the watched leader hung: the watch gets no error, so only a probe notices,
// and only after a new leader has committed an update.
func (b Bounds) HungLeader() time.Duration {
	return b.Election() + b.Timing.Load + b.StaleNotice() + b.Attach() + b.Calm()
}

// IsolatedLeader is how long the view may be stale after the watched leader was cut off from its peers but not from its clients. etcd cancels a
// watch that requires a leader three election timeouts after the member steps down. With production timings a probe is at least as fast as that.
func (b Bounds) IsolatedLeader() time.Duration { return b.HungLeader() }

// LostLeader is how long the view may be stale after the watched leader died or transferred its leadership: the manager notices the broken
// stream at once.
func (b Bounds) LostLeader() time.Duration {
	return b.Election() + b.Timing.Load + b.Attach() + b.Calm()
}

// LostMember is how long the view may be stale after a watched member that did not lead died, or the manager's connections were reset. It is the same
// after something that makes a manager open its watches anew, such as a compaction, other certificates or expired tokens: a handshake or a login is a part
// of an attempt, and has no longer than the request timeout.
func (b Bounds) LostMember() time.Duration {
	return b.Timing.Load + b.Attach() + b.Calm()
}

// SilentMember is how long the view may be stale after the watched member stopped answering while its cluster goes on: a probe or the idle
// timeout notices, whichever is first.
func (b Bounds) SilentMember() time.Duration {
	return b.Timing.Load + b.SilentNotice() + b.Attach() + b.Calm()
}

// StaleMember is how long the view may be stale after the watched member stopped sending events, because it withholds them or has fallen behind,
// while it goes on answering everything else. An idle timeout does not notice that.
func (b Bounds) StaleMember() time.Duration {
	return b.Timing.Load + b.StaleNotice() + b.Attach() + b.Calm()
}

// SilentLeader is SilentMember for a member that led, so that its cluster must elect another leader.
func (b Bounds) SilentLeader() time.Duration { return b.Election() + b.SilentMember() }

// SilentCluster is how long the view may be stale after every connection of the manager became half-open, or leads to a member that does not answer. No
// probe can help then, since each request through such a connection times out: the manager must trust its idle timeout, if it has one, and try one
// member after another.
func (b Bounds) SilentCluster(members int) time.Duration {
	notice := b.SilentNotice()
	if b.Timing.IdleTimeout > 0 {
		notice = b.IdleNotice()
	}
	return b.Timing.Load + notice + b.Start(members)
}

// Restored is how long the view may be stale after the cluster was restored from an older backup. The manager attaches to a member again, as after a
// lost leader. Its watch resumes at a revision that the cluster will have only later, so it is silent, and the manager notices that as it notices a silent
// member. Then it reads everything and attaches once more.
func (b Bounds) Restored() time.Duration {
	return b.LostLeader() + b.SilentNotice() + b.Attach()
}

// Slow is how much staler a view may be while every commit and every response is delayed by delay: the update is delayed once when it is
// committed and once when it is sent to the manager.
func (b Bounds) Slow(delay time.Duration) time.Duration { return 2 * delay }

// Queued is how much later everything may arrive that a member sends clients, while each piece of it is delayed by delay: a piece waits for the one that
// is under way, and for the one behind it that the sender has handed over already, and is then delayed itself.
func (b Bounds) Queued(delay time.Duration) time.Duration { return 3 * delay }

// Reopened is how much staler a view may be while each piece of what any member sends the manager is delayed by delay, and the answer to a probe can
// therefore overtake events by more than the grace period. The manager cannot tell this from a stale member: it may leave its member at any time, and dial,
// log in to, and open its watch on another one that answers no faster.
func (b Bounds) Reopened(delay time.Duration) time.Duration {
	if b.Timing.ProbeInterval == 0 || b.Queued(delay)-delay < b.Timing.ProbeGrace {
		return 0
	}
	return 3 * delay
}

// Tolerable is the smallest delay of events that a probe is certain to notice: when the probe's grace period ends, the update before the
// last one, which was committed two load intervals before the probe, is still not delivered.
func (b Bounds) Tolerable() time.Duration { return b.Timing.ProbeGrace + 2*b.Timing.Load }

// Failover is the largest of the bounds for faults that do not cost the quorum.
func (b Bounds) Failover() time.Duration {
	return max(b.HungLeader(), b.IsolatedLeader(), b.LostLeader(), b.SilentLeader(), b.StaleMember())
}

// IdleEarly is how long before its idle timeout a manager may report a watch as idle. It is zero: the harness records a response when the
// member sends it, and the manager receives it no earlier.
func (b Bounds) IdleEarly() time.Duration { return 0 }

// IdleLate is how long after its idle timeout a manager may report a watch as idle: the last response reaches the manager within a heartbeat,
// and the harness sees the report at its next look.
func (b Bounds) IdleLate() time.Duration {
	return b.Timing.Heartbeat + b.Timing.Observe + b.Timing.Slack
}

// Start is how long a manager may take from its start to a fresh view of a healthy cluster if it can reach only one of the members: it tries
// one after another.
func (b Bounds) Start(members int) time.Duration {
	return time.Duration(members)*b.Attach() + b.Calm()
}

// Discovered is how long a manager that reads the member list takes to learn of a member that joined, while members that it knows answer: it
// may have read the list just before, so the next read is a sync interval later. If that read goes to a member that does not answer, it costs
// a request timeout, as in Attach. Without a sync interval a manager never learns of the member, and this bound says nothing.
func (b Bounds) Discovered() time.Duration {
	return b.Timing.Sync + b.Timing.RequestTimeout + b.Timing.Slack
}

// Registered is how long a manager's own keys may be missing from a cluster that it can reach: its lease expired, and the next refresh
// writes them again.
func (b Bounds) Registered() time.Duration {
	return b.Timing.Refresh + b.Attach() + b.Calm()
}

// Told is how long an owner may take to learn that its lease was revoked, which no clock tells it: it renews the lease every third of its TTL, as
// clientv3 does, or as often as it refreshes its keys, and that request has its timeout.
func (b Bounds) Told() time.Duration {
	return max(b.Timing.LeaseTTL/3, b.Timing.Refresh) + b.Attach() + b.Calm()
}

// Expiry is how long a lease may live that nobody renews, from the instant at which its cluster has a quorum again or, if it has one, changes its leader.
// The election takes its time, and the new leader lets each lease live for the TTL and an election timeout more. etcd looks for expired leases twice a
// second.
func (b Bounds) Expiry() time.Duration {
	return b.Election() + b.Timing.LeaseTTL + b.Timing.Election + expiryCheck
}

// Takeover is how long a thing may be without an owner when its owner is lost. The lease of the lost owner lives for its TTL after the last renewal. If
// etcd changes its leader just before that, the lease lives on as Expiry says, and etcd revokes it with a commit. Then the next in line, which looks at
// least once in an election timeout, asks a member, and perhaps a second one.
func (b Bounds) Takeover() time.Duration {
	return b.Timing.LeaseTTL + b.Expiry() + b.Timing.Election + b.Attach() + b.Calm()
}

// expiryCheck is how often etcd looks for leases that have expired (package lease, runLoop).
const expiryCheck = 500 * time.Millisecond

// Close is how long a manager's Close may take, also while no member answers: one request to revoke its lease, and the requests and probes
// that were under way.
func (b Bounds) Close() time.Duration {
	return 2*b.Timing.RequestTimeout + b.Timing.ProbeTimeout + b.Timing.Slack
}

// Farewell is how much longer Close may take while a member takes no bytes from its clients: gRPC gives a connection that is being closed five
// seconds to send its last frames (goAwayLoopyWriterTimeout), and so does TLS its last record; a manager can close all its connections at once.
func (b Bounds) Farewell() time.Duration { return 5 * time.Second }

// DeadConnection is how long a connection may stay open on which something is waited for and nothing arrives, because its member cannot be heard:
// keepalive gives it up, and gRPC then says farewell to a member that reads nothing.
func (b Bounds) DeadConnection() time.Duration {
	return b.Timing.KeepAlive + b.Farewell() + b.Timing.Slack
}

// CutOff is how long a manager that no member answers may take to notice it: as long as for a leader that does not answer, or until keepalive gives up
// its connections.
func (b Bounds) CutOff() time.Duration {
	return max(b.SilentLeader(), b.DeadConnection()+b.Calm())
}

// Look is how long View may take. View must answer from memory, and a twentieth of a heartbeat is too short for a request.
func (b Bounds) Look() time.Duration { return b.Timing.Heartbeat/20 + b.Timing.Slack }
