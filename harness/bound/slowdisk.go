package bound

import "time"

// The bounds in this file follow from etcd's raft loop (etcdserver/raft.go), which handles one Ready after another. With a slow disk, each
// Ready ends with a save that takes delay longer. So whatever reaches a member while it saves waits for the end of that save.
//
// This is a write through the leader L while the disk of the follower S is slow, if the quorum needs S (of two members, for example):
//
//	        begun                           response
//	L         │ append ╲                     ╱ applied, commit index ╲
//	S   ┄┄┄┄┄┄┼─────────┴───────┼───────────┴────────────┼──────────┴─────────────┤ event
//	          └ under way: delay ┴ its save: delay, then ┴ under way: delay ───────┘
//	                               the answer to L
//
// L applies the entry and answers the writer when S has saved it. If S begins the next save at that moment, it handles the commit index only
// afterwards. Applying then waits for nothing, since etcd hands committed entries to be applied before it saves what came with them.
//
// If the disk of L is slow, the entry waits for the save under way, and then for its own, since only then does L count itself. The followers
// save it at the same time. L sends the commit index before it saves, when it applies the entry and answers the writer. So its disk delays the
// response and never the event after it.

// SlowDisk is how much staler a view may be while each save of one member takes delay longer. Staleness counts from the response to the writer.
// From then on an event waits for one save of the watched member, which was under way when the commit index arrived. A manager that polls waits
// for the round of its read instead. The disks of several members add up, since a member may follow one and lead the other.
func (b Bounds) SlowDisk(delay time.Duration) time.Duration {
	if b.Timing.Poll > 0 {
		return b.ReadRound(delay)
	}
	return delay
}

// SlowWrite is how much later than its begin a write reaches a view while each save of one member takes delay longer: three saves, as drawn
// above. Reads may hold the member up before its answer, and before the event. While it is held up it says nothing, for longer than an election
// timeout, so that a leader that needs it steps down: that costs an election.
func (b Bounds) SlowWrite(delay time.Duration) time.Duration {
	write := 2*delay + b.SlowDisk(delay)
	if hold := b.ReadHold(b.ReadRound(delay)); hold > 0 {
		write += 2*hold + b.Election()
	}
	return write
}

// ReadRound is how much longer a linearizable read takes while each save of one member takes delay longer. The longest way is that of a read
// through a follower that the quorum needs: the request to the leader, and the answer to the heartbeat with which the leader makes sure that it
// still leads, each wait for the save under way and are sent after another one. The leader's answer waits for the save under way.
func (b Bounds) ReadRound(delay time.Duration) time.Duration { return 5 * delay }

// readRetry is how long etcd waits for the answer to a request for a read index before it sends the next (readIndexRetryTime).
const readRetry = 500 * time.Millisecond

// readHold is how long etcd's raft loop waits at most for somebody to take such an answer (internalTimeout in etcdserver/raft.go).
const readHold = time.Second

// ReadHold is how much staler a view may be because linearizable reads hold up the raft loop of the watched member, while the round of a read
// takes round. etcd sends a request for a read index again every 500 ms. The read takes the first answer, and the channel from the raft loop to
// the reads holds the second. If there is a third, the raft loop waits until the next read makes room or a second has passed, and does so
// before it handles the committed entries that came with the answer. If there is a fourth, it comes after the third, so that a commit index that
// arrives while the raft loop waits for the first time waits for the second time too. Further ones arrive while the loop waits, and count as
// one with the fourth.
//
// So a single read through a slow member delays later events, whoever reads: the manager's read of the member list, for example.
func (b Bounds) ReadHold(round time.Duration) time.Duration {
	requests := (round+b.Timing.Slack)/readRetry + 1
	return min(max(requests-2, 0), 2) * readHold
}
