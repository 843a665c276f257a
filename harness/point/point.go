// Package point names the places where Stormwatch can hurt a cluster and says what a switch thrown there means.
//
// A fault point is a failpoint of github.com/pingcap/failpoint, so a test, the GO_FAILPOINTS variable and failpoint's own
// HTTP handler throw the very same switch:
//
//	stormwatch/alpha/m1/wal-save            = return("hang")
//	stormwatch/alpha/m1/peer-send/m2        = 30%return("drop")
//	stormwatch/alpha/m1/client-write        = return(250)
//
//	          code that carries traffic or data                         whoever hurts it
//	   ┌───────────────────────────────────────────┐        ┌─────────────────────────────────┐
//	   │ board.Pass(done, path) ── Decide ─────────┼── ? ───┤ failpoint's registry            │
//	   │        │                                  │        │  test, GO_FAILPOINTS, HTTP,     │
//	   │        └─ waits here, on channels ◄───────┼── heal ┤  board.Throw                    │
//	   └───────────────────────────────────────────┘        └─────────────────────────────────┘
//
// The failpoint decides, the harness waits. Failpoint's own sleep and pause terms hold a lock while they wait, which a
// later Disable needs; here terms are return values and nothing else.
package point

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Name is a fault point of a member, the last parts of its failpoint's path.
type Name string

// The fault points. Peer points end in the other member's name, see [PeerSend] and [PeerRecv].
const (
	// WALSave stands before entries and hard state reach the raft log: a delay is a slow disk, a hang a dead one.
	WALSave Name = "wal-save"
	// Apply stands before each committed entry is applied: a delay is a slow backend (a commit that drags, a defragmentation, a
	// long compaction), a hang one that stands still. The raft loop goes on meanwhile.
	Apply Name = "apply"
	// ClientAccept decides on a new client connection: refuse closes it at once, hang leaves it unanswered.
	ClientAccept Name = "client-accept"
	// ClientRead is on the way of bytes from clients to the member.
	ClientRead Name = "client-read"
	// ClientWrite is on the way of bytes from the member to clients.
	ClientWrite Name = "client-write"
	// ProgressRequest sees each progress request of a watch before the member does.
	ProgressRequest Name = "progress-request"
	// ProgressResponse sees each progress answer before the client does.
	ProgressResponse Name = "progress-response"
	// WatchEvent sees each watch response with events before the client does.
	WatchEvent Name = "watch-event"

	peerSend = "peer-send"
	peerRecv = "peer-recv"
)

// PeerSend is the point on a member's raft traffic to the named peer.
func PeerSend(peer string) Name { return Name(peerSend + "/" + peer) }

// PeerRecv is the point on a member's raft traffic from the named peer.
func PeerRecv(peer string) Name { return Name(peerRecv + "/" + peer) }

// Path is the full name of a fault point in failpoint's registry.
type Path string

// Of builds the path of a member's fault point.
func Of(cluster, member string, n Name) Path {
	return Path("stormwatch/" + cluster + "/" + member + "/" + string(n))
}

// Kind is what a thrown switch does to whatever passes it.
type Kind int

const (
	// Pass lets it through: the switch is off, or its probability or count did not strike.
	Pass Kind = iota
	// Drop swallows it. On a byte stream, which cannot lose a part, everything from here on is swallowed and the
	// connection is cut when the switch is healed.
	Drop
	// Delay lets it through after a while.
	Delay
	// Hang holds it until the switch is healed.
	Hang
	// Refuse turns a new connection away.
	Refuse
	// Reset cuts the connection at once, with a TCP reset where there is TCP.
	Reset
)

var kindWords = map[Kind]string{Pass: "pass", Drop: "drop", Delay: "delay", Hang: "hang", Refuse: "refuse", Reset: "reset"}

func (k Kind) String() string { return kindWords[k] }

// Decision is what an evaluated switch asks for.
type Decision struct {
	Kind  Kind
	Delay time.Duration // set with Kind Delay
}

// Terms writes a decision as failpoint terms, ready to be thrown.
func (d Decision) Terms() string {
	if d.Kind == Delay {
		return fmt.Sprintf("return(%q)", d.Delay.String())
	}
	return fmt.Sprintf("return(%q)", d.Kind.String())
}

// parse reads the value of a return term: a number of milliseconds or a duration ("250ms") to delay, true to drop, or one
// of the words drop, hang, refuse, reset.
func parse(value any) (Decision, error) {
	switch v := value.(type) {
	case nil:
		return Decision{}, nil // off
	case bool:
		if v {
			return Decision{Kind: Drop}, nil
		}
		return Decision{}, nil
	case int:
		if v < 0 {
			return Decision{}, fmt.Errorf("a delay of %d ms is negative", v)
		}
		return Decision{Kind: Delay, Delay: time.Duration(v) * time.Millisecond}, nil
	case string:
		for _, k := range []Kind{Drop, Hang, Refuse, Reset} {
			if v == k.String() {
				return Decision{Kind: k}, nil
			}
		}
		if d, err := time.ParseDuration(v); err == nil && d >= 0 {
			return Decision{Kind: Delay, Delay: d}, nil
		}
	}
	return Decision{}, fmt.Errorf("cannot read %v: want true, drop, hang, refuse, reset, or a delay (milliseconds or \"250ms\")", value)
}

// termSyntax is what of failpoint's language is understood here: returns with probabilities and counts, chained, and off.
var termSyntax = regexp.MustCompile(`^((\d+(\.\d+)?%)?(\d+\*)?(return\(("[^"]*"|[^()"]*)\)|off)(->)?)+$`)

// checkTerms refuses terms whose waiting would happen inside failpoint, and those that failpoint would choke on.
func checkTerms(terms string) error {
	if !termSyntax.MatchString(terms) {
		return fmt.Errorf("terms %q: want return(...) or off, with a probability (30%%) or a count (2*) before it and more after ->; the harness does the waiting, so sleep and pause have no place", terms)
	}
	return nil
}

// stops says whether terms let nothing through, whatever is drawn.
func stops(terms string) bool {
	return terms == "return(true)" || terms == Decision{Kind: Drop}.Terms() || terms == Decision{Kind: Hang}.Terms()
}

// hangs says whether terms hold what passes until they are taken back.
func hangs(terms string) bool { return strings.Contains(terms, Hang.String()) }
