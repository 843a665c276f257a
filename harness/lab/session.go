package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pingcap/failpoint"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

// session is a session while it runs. Its body is the scenario's; the goroutines of the HTTP server send commands to it.
type session struct {
	options   Options
	ctx       context.Context // ends the session; the body returns then
	candidate harness.Candidate
	guard     *guard
	listener  net.Listener
	commands  chan command
	ended     chan struct{} // closed when the body has returned
	world     *harness.World
	began     atomic.Bool // the clusters serve
	done      done
	drawings  drawings

	mu       sync.Mutex
	inForce  []*injected
	last     int             // the id of the last fault
	thrown   map[string]bool // the paths of failpoints that were switched on through the API
	waiting  string          // why the manager has not joined yet; empty once it has, or if there is none
	joinedAt time.Duration   // negative until the manager has joined
}

// injected is a fault that a command has injected.
type injected struct {
	InForce
	asked     fault.Fault
	injection *harness.Injection
	step      int // its number among the steps of done
}

// command is something that the body does for a goroutine of the server.
type command struct {
	do   func(*harness.World) error
	done chan error
}

// errEnded says that the session is over.
var errEnded = errors.New("the session has ended")

// do has the body do something, and blocks until it has. It returns errEnded if the session ends first, and the error of ctx if that ends before the
// body has begun.
func (s *session) do(ctx context.Context, f func(*harness.World) error) error {
	c := command{f, make(chan error, 1)}
	select {
	case s.commands <- c:
	case <-s.ended:
		return errEnded
	case <-ctx.Done():
		return fmt.Errorf("busy with another command: %w", ctx.Err())
	}
	select {
	case err := <-c.done:
		return err
	case <-s.ended:
		return errEnded
	}
}

// body is the scenario: it serves the API and does what is asked through it, until the session is to end.
func (s *session) body(w *harness.World) {
	s.world = w
	s.done.clusters = s.options.Clusters
	s.began.Store(true)
	stop := s.serve()
	defer stop()
	defer s.switchOff(w)
	defer close(s.ended)
	if s.options.Ready != nil {
		s.options.Ready(s.ready(w))
	}
	joining := s.joining()
	ticker := time.NewTicker(w.Timing().Heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			s.done.end(s.elapsed())
			if s.joined() < 0 {
				w.NotAsked(s.nobody())
			}
			return
		case <-joining:
			joining = nil
			s.start(w)
		case c := <-s.commands:
			c.done <- c.do(w)
		case <-ticker.C:
			s.follow(w)
			w.Pass(0) // ends the session if the run cannot be judged any more
		}
	}
}

// joining returns a channel that is closed when the manager can be started. It is nil if there is no manager.
func (s *session) joining() <-chan struct{} {
	url := s.options.View
	ready := make(chan struct{})
	switch {
	case url == "" && s.options.Candidate.New == nil:
		return nil
	case url == "":
		close(ready)
		return ready
	}
	var names []string
	for _, c := range s.options.Clusters {
		names = append(names, c.Name)
	}
	s.say("waiting for " + url)
	s.world.Later(func(ctx context.Context) {
		awaitView(ctx, url, s.workload(), names, s.world.Timing().Heartbeat, func(why error) { s.say(why.Error()) })
		close(ready)
	})
	return ready
}

// say notes why the manager has not joined yet.
func (s *session) say(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = why
}

// start starts the manager. If its view is not fresh within the bound on a start, the run has failed and the session ends.
func (s *session) start(w *harness.World) {
	w.StartManager()
	s.mu.Lock()
	s.waiting, s.joinedAt = "", w.Elapsed()
	s.mu.Unlock()
	s.done.join(w, s.joined())
	if s.options.Joined != nil {
		s.options.Joined()
	}
}

// joined is when the manager joined; negative if it has not.
func (s *session) joined() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.joinedAt
}

// nobody says why nothing is judged.
func (s *session) nobody() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting != "" {
		return "the manager never joined: " + s.waiting
	}
	return "no manager took part that could be judged; name one with --view or --manager"
}

// elapsed is the time that instants of the schedule count from the join of the manager, or from the start of the session if there is none.
func (s *session) elapsed() time.Duration { return s.world.Elapsed() - max(s.joined(), 0) }

// inject injects a fault. The body calls it.
func (s *session) inject(w *harness.World, f fault.Fault) (InForce, error) {
	at := s.elapsed()
	kept := situated(w, f)
	injection, err := w.Begin(f)
	if err != nil {
		return InForce{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	i := &injected{
		InForce: InForce{ID: s.last, Fault: f.String(), Text: injection.String(), At: ms(w.Elapsed())}, asked: f, injection: injection,
		step: s.done.begin(at, kept, injection.String()),
	}
	if !f.Once() {
		s.inForce = append(s.inForce, i)
	}
	return i.InForce, nil
}

// errNotInForce says that there is no such fault to heal.
var errNotInForce = errors.New("no such fault is in force")

// heal heals the faults that were asked for. The body calls it.
func (s *session) heal(which Heal) ([]InForce, error) {
	var healed []InForce
	var errs []error
	for _, i := range s.take(which) {
		errs = append(errs, i.injection.End())
		s.done.heal(i.step, s.elapsed())
		healed = append(healed, i.InForce)
	}
	if err := errors.Join(errs...); err != nil {
		return healed, err
	}
	if len(healed) == 0 && which != (Heal{}) {
		return nil, fmt.Errorf("%s: %w", which, errNotInForce)
	}
	return healed, nil
}

// take removes the faults that were asked for from the list and returns them, the newest first.
func (s *session) take(which Heal) []*injected {
	s.mu.Lock()
	defer s.mu.Unlock()
	var taken, left []*injected
	for _, i := range s.inForce {
		if which.means(i.InForce) {
			taken = append([]*injected{i}, taken...)
		} else {
			left = append(left, i)
		}
	}
	s.inForce = left
	return taken
}

// follow records what was switched through failpoint's handler. A schedule cannot say it, so that it is left out there.
func (s *session) follow(w *harness.World) {
	if err := w.FollowOutside(); err != nil {
		w.Note("%v", err)
	}
}

// switchOff switches the failpoints off that were switched on through the API.
func (s *session) switchOff(w *harness.World) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for path := range s.thrown {
		_ = failpoint.Disable(path) // the error says that it is off already
	}
	s.follow(w)
}

// ready says where the session can be reached.
func (s *session) ready(w *harness.World) Ready {
	r := Ready{URL: "http://" + s.guard.address()}
	for _, c := range w.Clusters() {
		e := Endpoints{Cluster: c.Name()}
		for _, m := range c.Members() {
			e.URLs = append(e.URLs, m.Endpoint())
		}
		r.Endpoints = append(r.Endpoints, e)
	}
	return r
}

// The limits of the server. A command may take as long as a member needs to start.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	writeTimeout  = 2 * time.Minute
	idleTimeout   = 2 * time.Minute
	stopTimeout   = 2 * time.Second
	headerBytes   = 16 << 10
	bodyBytes     = 64 << 10
)

// serve serves the API. stop ends it and blocks until no goroutine of it is left.
func (s *session) serve() (stop func()) {
	server := &http.Server{
		Handler: s.guard.wrap(s.routes()), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: headerBytes,
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.world.Note("the API has ended: %v", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-served
	}
}
