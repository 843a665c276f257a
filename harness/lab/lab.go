// Package lab runs clusters on fixed ports in real time, for a person to hurt and heal by hand, while a manager of any language is connected to them.
//
//	stormwatch fault, curl ──► HTTP API ─┐                 ┌── alpha: m1 m2 m3 ◄── your manager
//	browser ──► live page ───► HTTP API ─┼──► session ─────┤                          │ its view, as JSON
//	failpoint's handler ─────────────────┘   (a World)     └── beta: m1 m2 m3         │
//	                                             ▲────────────────── polled ──────────────┘
//
// A session is a run of package harness whose scenario is what people do to it. So it is recorded and judged as every run is, and what was done is kept
// as a schedule. [Run] is a session, [Client] speaks to the API of one, and [Views] is what a manager serves to be judged.
package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"

	"go.uber.org/zap"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

// DefaultPort is the port of the HTTP API unless [Options] say otherwise. The ports of the members follow it, see [Options.Port].
const DefaultPort = 23790

// portsOfCluster is how many ports each cluster has. A member that is added when all are taken gets any free port.
const portsOfCluster = 10

// Options are the options of a session.
type Options struct {
	// Clusters are the clusters of the session; at least one.
	Clusters []harness.Spec
	// Port is the first of the ports. The HTTP API listens on it; the members of the first cluster have the ten ports that follow, those of the second
	// cluster the next ten, and so on. All are on loopback. Zero: [DefaultPort]. Below zero: free ports, for tests.
	Port int
	// Listen is the address of the HTTP API, HOST:PORT. Empty: the port on loopback. An address that others than this machine can reach needs a Token.
	Listen string
	// Token is what a caller of the API must present. Empty: nothing, which is only allowed on loopback.
	Token string
	// Candidate is a manager to be started with the session. Without a New there is none.
	Candidate harness.Candidate
	// View is the URL at which a manager in a process of its own serves its view, as [Views]. It joins once it shows something of every cluster, and
	// takes the place of the candidate. Empty: there is none. Without a manager the clusters can be hurt and watched, and nothing is judged.
	View string
	// Promises say what the manager at View is and promises.
	Promises Promises
	// Workloads are those that a session without a candidate can have; at least one then.
	Workloads []*harness.Workload
	// Workload is the name of one of the workloads. Empty: the first.
	Workload string
	// Timing is the timing in force. Nil: etcd's and the reference manager's defaults, with an allowance for a busy machine ([Timing]).
	Timing *bound.Timing
	// Seed is the seed of everything random.
	Seed uint64
	// Dir is the directory for the data of the members. Empty: the system's directory for temporary files.
	Dir string
	// Log receives the log of etcd. Nil: no log.
	Log *zap.Logger
	// Ready is called once, when the clusters serve and the API answers. It returns soon. Nil: nobody is told.
	Ready func(Ready)
	// Joined is called when the manager has joined. Nil: nobody is told.
	Joined func()
}

// Ready says where a session can be reached.
type Ready struct {
	// URL is the address of the live page and the API, without the token.
	URL string
	// Endpoints are the client URLs of the members of each cluster, in order.
	Endpoints []Endpoints
}

// Endpoints are the client URLs of a cluster.
type Endpoints struct {
	Cluster string
	URLs    []string
}

// Outcome is what comes of a session.
type Outcome struct {
	// Result has the verdicts. It is not asked anything if no manager has joined.
	Result *harness.Result
	// Done is what was done in the session. It has no steps if nothing was.
	Done schedule.Schedule
}

// Timing is production's timing with real time's slack: how long a busy machine may keep a goroutine waiting.
func Timing() bound.Timing {
	t := bound.Production()
	t.Slack, t.Stay = bound.Compressed().Slack, 0
	return t
}

// Run runs a session until ctx ends, then judges the manager. It blocks until everything has ended. An error says that there was no session: an option
// is wrong, or a port is taken.
func Run(ctx context.Context, o Options) (Outcome, error) {
	s, err := newSession(ctx, o)
	if err != nil {
		return Outcome{}, err
	}
	e := embedded.Engine{Gateway: true, Client: s.ports()}
	timing := Timing()
	if o.Timing != nil {
		timing = *o.Timing
	}
	scenario := harness.Scenario{Name: "lab", Summary: "a session by hand", Clusters: o.Clusters, Body: s.body}
	// The end of ctx ends the scenario's body and not the run, which then heals, settles and judges.
	r := harness.Execute(context.WithoutCancel(ctx), e, scenario, s.candidate, harness.Options{
		Seed: o.Seed, Workload: o.Workload, Timing: &timing, Dir: o.Dir, Log: o.Log,
	})
	_ = s.listener.Close() // it is closed already if the clusters have started
	out := Outcome{Result: r, Done: s.done.schedule(r)}
	if r.Usage {
		return out, errors.New(r.Cause)
	}
	if !s.began.Load() {
		return out, fmt.Errorf("start the lab: %s", r.Cause)
	}
	return out, nil
}

// newSession checks the options and opens the port of the API, so that a port that is taken is known before the clusters start.
func newSession(ctx context.Context, o Options) (*session, error) {
	if o.Port == 0 {
		o.Port = DefaultPort
	}
	if o.Listen == "" {
		o.Listen = net.JoinHostPort("127.0.0.1", strconv.Itoa(max(o.Port, 0)))
	}
	if most := 65535 - portsOfCluster*len(o.Clusters); o.Port > most {
		return nil, fmt.Errorf("port %d: want %d at most, since the members take the ports that follow", o.Port, most)
	}
	guard, err := newGuard(o.Listen, o.Token)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for the API: %w; choose another --port", err)
	}
	guard.port = listener.Addr().(*net.TCPAddr).Port
	return &session{
		options: o, ctx: ctx, candidate: o.candidate(), guard: guard, listener: listener, commands: make(chan command), ended: make(chan struct{}),
		joinedAt: -1, thrown: map[string]bool{},
	}, nil
}

// candidate is the manager of the session, or nobody.
func (o Options) candidate() harness.Candidate {
	switch {
	case o.View != "":
		return remoteCandidate(o.View, o.Workloads, o.Promises)
	case o.Candidate.New != nil:
		return o.Candidate
	}
	return harness.Candidate{Name: "nobody", Workloads: o.Workloads, New: func(harness.Setup) (harness.Manager, error) { return nil, errNobody }}
}

var errNobody = errors.New("no manager was named")

// ports are the addresses of the members' endpoints; nil for free ports.
func (s *session) ports() func(cluster, member string) string {
	if s.options.Port < 0 {
		return nil
	}
	return func(cluster, member string) string {
		at := slices.IndexFunc(s.options.Clusters, func(c harness.Spec) bool { return c.Name == cluster })
		n, err := strconv.Atoi(member[1:]) // members are called m1, m2, …
		if at < 0 || err != nil || n > portsOfCluster {
			return ""
		}
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.options.Port+portsOfCluster*at+n))
	}
}
