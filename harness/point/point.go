// Package point defines the fault points of a cluster, the named places where a fault can be switched on, and what each switch does.
//
// A fault point is a failpoint of github.com/pingcap/failpoint. A test, the GO_FAILPOINTS variable and failpoint's own HTTP handler
// all switch the same failpoint:
//
//	stormwatch/alpha/m1/wal-save            = return("hang")
//	stormwatch/alpha/m1/peer-send/m2        = 30%return("drop")
//	stormwatch/alpha/m1/client-write        = return(250)
//
//	          code that carries traffic or data                         who switches it on
//	   ┌───────────────────────────────────────────┐        ┌─────────────────────────────────┐
//	   │ board.Pass(done, path) ── Decide ─────────┼── ? ───┤ failpoint's registry            │
//	   │        │                                  │        │  test, GO_FAILPOINTS, HTTP,     │
//	   │        └─ waits here, on channels ◄───────┼── heal ┤  board.Throw                    │
//	   └───────────────────────────────────────────┘        └─────────────────────────────────┘
//
// The failpoint only decides; the code at the point then waits in [Board.Hold]. The terms sleep and pause are not allowed: failpoint holds
// a lock while they wait, and a later Disable needs that lock. Terms here are return(...) and off.
package point

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/names"
)

// Name is the name of a fault point of a member: the last parts of its failpoint's path.
type Name string

// The fault points. Peer points end in the other member's name, see [PeerSend] and [PeerRecv]. Client points may end in the number of a manager, see
// [Name.Of].
const (
	// WALSave is evaluated before entries and hard state are written to the raft log. A delay is a slow disk, a hang a hung one. If
	// it fails, etcd ends itself, and nothing is written by that server any more.
	WALSave Name = "wal-save"
	// Apply is evaluated before each committed entry is applied. A delay is a slow backend (a slow commit, a defragmentation, a long
	// compaction), a hang a backend that makes no progress. The raft loop goes on meanwhile.
	Apply Name = "apply"
	// ClientAccept is evaluated for each new client connection. Refuse closes it at once, hang leaves it unanswered.
	ClientAccept Name = "client-accept"
	// ClientRead is evaluated for bytes from clients to the member.
	ClientRead Name = "client-read"
	// ClientWrite is evaluated for bytes from the member to clients.
	ClientWrite Name = "client-write"
	// ProgressRequest is evaluated for each progress request of a watch, before the member receives it.
	ProgressRequest Name = "progress-request"
	// ProgressResponse is evaluated for each progress response, before the client receives it.
	ProgressResponse Name = "progress-response"
	// WatchEvent is evaluated for each watch response with events, before the client receives it.
	WatchEvent Name = "watch-event"
	// WatchCreate is evaluated for each request to create a watch, before the member receives it. Later requests on the stream wait behind it.
	WatchCreate Name = "watch-create"
	// LeaseKeepAlive is evaluated for each request to keep a lease alive, before the member receives it.
	LeaseKeepAlive Name = "lease-keepalive"

	peerSend = "peer-send"
	peerRecv = "peer-recv"
	unary    = "unary"
)

// Of is the client point of a single manager, by its number from 1 on: only its connections pass it. They pass the point of all clients too.
func (n Name) Of(manager int) Name { return n + Name("/"+strconv.Itoa(manager)) }

// Managers is how many managers of a world have client points of their own.
const Managers = 4

// Manager splits the point of a single manager into the point of all clients and the number of the manager. The number is zero for other points.
func (n Name) Manager() (of Name, manager int) {
	base, number, found := strings.Cut(string(n), "/")
	if !found || !isClient(Name(base)) {
		return n, 0
	}
	manager, err := strconv.Atoi(number)
	if err != nil || manager < 1 || manager > Managers || number != strconv.Itoa(manager) {
		return n, 0
	}
	return Name(base), manager
}

func isClient(n Name) bool { return n == ClientAccept || n == ClientRead || n == ClientWrite }

// Unary is the point on a member's answers to one of etcd's gRPC methods that are no streams, such as "Txn"; [Methods] are all of them. A delay
// or a hang holds the request before the member carries it out, fail refuses it, and drop loses the answer after the member has carried it out.
func Unary(method string) Name { return Name(unary + "/" + method) }

// Method is the method of a point that [Unary] returned. ok is false for other points.
func (n Name) Method() (method string, ok bool) { return strings.CutPrefix(string(n), unary+"/") }

// PeerSend is the point on a member's raft traffic to the named peer.
func PeerSend(peer string) Name { return Name(peerSend + "/" + peer) }

// PeerRecv is the point on a member's raft traffic from the named peer.
func PeerRecv(peer string) Name { return Name(peerRecv + "/" + peer) }

// Peers returns the sender and the receiver of the raft traffic that passes a peer point of the member. ok is false for other points.
func (n Name) Peers(member string) (from, to string, ok bool) {
	if peer, found := strings.CutPrefix(string(n), peerSend+"/"); found {
		return member, peer, true
	}
	if peer, found := strings.CutPrefix(string(n), peerRecv+"/"); found {
		return peer, member, true
	}
	return "", "", false
}

// Path is the full name of a fault point in failpoint's registry. [Board.Path] makes it.
type Path string

// Kind is what a fault point does with the message, the bytes or the connection that it is evaluated for.
type Kind int

const (
	// Pass lets it through: the switch is off, or its probability or count did not apply this time.
	Pass Kind = iota
	// Drop discards it. A byte stream cannot lose a part, so there everything that follows is discarded too, and the
	// connection is cut when the switch is healed.
	Drop
	// Delay lets it through after some time.
	Delay
	// Hang holds it until the switch is healed.
	Hang
	// Refuse refuses a new connection.
	Refuse
	// Reset cuts the connection at once, with a TCP reset where there is TCP.
	Reset
	// Fail answers with an error: a write to the raft log fails with [ErrFailed], a request with the error of etcd that it timed out.
	Fail
)

// ErrFailed is the error of a write that a point made fail.
var ErrFailed = errors.New("input/output error from a fault point")

var kindWords = map[Kind]string{
	Pass: "pass", Drop: "drop", Delay: "delay", Hang: "hang", Refuse: "refuse", Reset: "reset", Fail: "fail",
}

func (k Kind) String() string { return kindWords[k] }

// Decision is what an evaluated switch asks for.
type Decision struct {
	Kind  Kind
	Delay time.Duration // only for Kind Delay
	// Jitter is the most by which a delay may be longer than Delay; how much is drawn each time.
	Jitter time.Duration
}

// Longest is the longest delay that the decision may come to.
func (d Decision) Longest() time.Duration { return d.Delay + d.Jitter }

// Stops says whether the decision lets nothing through.
func (d Decision) Stops() bool { return d.Kind != Pass && d.Kind != Delay }

// Terms returns the decision as failpoint terms for [Board.Throw].
func (d Decision) Terms() string {
	if d.Kind == Delay {
		value := d.Delay.String()
		if d.Jitter > 0 {
			value += "+" + d.Jitter.String()
		}
		return fmt.Sprintf("return(%q)", value)
	}
	return fmt.Sprintf("return(%q)", d.Kind.String())
}

// parse reads the value of a return term: a number of milliseconds, or a duration ("250ms") and perhaps the jitter ("250ms+50ms"), for a
// delay, true for drop, or one of the words drop, hang, refuse, reset, fail.
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
		for _, k := range []Kind{Drop, Hang, Refuse, Reset, Fail} {
			if v == k.String() {
				return Decision{Kind: k}, nil
			}
		}
		if d, ok := parseDelay(v); ok {
			return d, nil
		}
		words := []string{Drop.String(), Hang.String(), Refuse.String(), Reset.String(), Fail.String()}
		return Decision{}, fmt.Errorf("cannot read %q: %s; %s", v, wanted, names.Offer(v, words))
	}
	return Decision{}, fmt.Errorf("cannot read %v: %s", value, wanted)
}

// parseDelay reads a delay, or a delay and its jitter.
func parseDelay(text string) (Decision, bool) {
	text, jitter, with := strings.Cut(text, "+")
	d := Decision{Kind: Delay}
	var err, err2 error
	d.Delay, err = time.ParseDuration(text)
	if with {
		d.Jitter, err2 = time.ParseDuration(jitter)
	}
	if err != nil || err2 != nil || d.Delay < 0 || d.Jitter < 0 {
		return Decision{}, false
	}
	return d, true
}

const wanted = `want true, drop, hang, refuse, reset, fail, or a delay (milliseconds or "250ms")`

// readTerms returns the decisions that terms may come to, in their order.
func readTerms(terms string) ([]Decision, error) {
	if err := checkTerms(terms); err != nil {
		return nil, err
	}
	var all []Decision
	for _, match := range returnValue.FindAllStringSubmatch(terms, -1) {
		value, err := literal(match[1])
		if err != nil {
			return nil, fmt.Errorf("terms %s: %w", terms, err)
		}
		d, err := parse(value)
		if err != nil {
			return nil, fmt.Errorf("terms %s: %w", terms, err)
		}
		all = append(all, d)
	}
	return all, nil
}

// returnValue matches the value in each return term.
var returnValue = regexp.MustCompile(`return\(("[^"]*"|[^()"]*)\)`)

// literal is the value that failpoint makes of the text between the brackets of a term.
func literal(text string) (any, error) {
	if strings.HasPrefix(text, `"`) {
		return strconv.Unquote(text)
	}
	if n, err := strconv.Atoi(text); err == nil {
		return n, nil
	}
	if b, err := strconv.ParseBool(text); err == nil {
		return b, nil
	}
	return nil, fmt.Errorf("cannot read %q: %s", text, wanted)
}

// termSyntax is the part of failpoint's syntax that is allowed here: return terms with probabilities and counts, chains of them, and off.
var termSyntax = regexp.MustCompile(`^((\d+(\.\d+)?%)?(\d+\*)?(return\(("[^"]*"|[^()"]*)\)|off)(->)?)+$`)

// checkTerms returns an error for terms that would wait inside failpoint, and for those that failpoint cannot parse.
func checkTerms(terms string) error {
	if !termSyntax.MatchString(terms) {
		return fmt.Errorf("terms %q: want return(...) or off, with a probability (30%%) or a count (2*) before it and more after ->; the harness does the waiting, so sleep and pause have no place", terms)
	}
	return nil
}

// stops says whether terms always hang or drop, without a probability or count.
func stops(terms string) bool {
	return terms == "return(true)" || terms == Decision{Kind: Drop}.Terms() || terms == Decision{Kind: Hang}.Terms()
}

// hangs says whether terms contain a hang.
func hangs(terms string) bool { return strings.Contains(terms, Hang.String()) }
