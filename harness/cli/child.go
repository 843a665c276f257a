package cli

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/replay"
)

// Each run has a process of its own, started from this same binary or from a replay build of it, for three reasons: a run in virtual time needs a *testing.T, an exact replay
// needs a fresh process, and a panic in etcd ends the process in which it happens. The environment carries the order to the child, and a pipe
// carries the result back.

// childOrder is the environment variable that holds the order. A process in which it is set is a child.
const childOrder = "STORMWATCH_CHILD_ORDER"

// childPipe is the file descriptor to which the child writes its result: the first after the three standard ones.
const childPipe = 3

// endTimeout is how long a child may take to end after SIGTERM. Then it is killed.
const endTimeout = 10 * time.Second

// signalTimeout is how long a signal to this process may take to end the context of its runs.
const signalTimeout = 5 * time.Second

// errInterrupted is the error of a run that the user, or the end of a search, has ended before it had a result.
var errInterrupted = errors.New("interrupted")

// overdueError is the cause of the end of a context whose run took longer than it may. Its process is asked for the stacks of its goroutines before it is
// killed.
type overdueError struct{ limit time.Duration }

func (e *overdueError) Error() string { return fmt.Sprintf("no result after %s", e.limit) }

// worker makes runs in child processes, one in each.
type worker struct {
	catalogue Catalogue
	// binary is the file that the children are started from: a build of the same program, see replayBinary. Empty: the file of this process.
	binary string
}

// replays says whether a seed replays exactly in the children.
func (w worker) replays() bool { return w.binary != "" || replay.Built() }

// run makes one run. It blocks until the child has ended. If the run could not be made, the result is "not judged".
func (w worker) run(ctx context.Context, o order) *harness.Result {
	began := time.Now()
	result := new(harness.Result)
	if err := w.child(ctx, o, func(from *gob.Decoder) error { return from.Decode(result) }); err != nil {
		result = o.unjudged(w.catalogue, err)
		result.Wall = time.Since(began)
	}
	return result
}

// runInChild makes one run in a child process of this process's own binary.
func runInChild(ctx context.Context, c Catalogue, o order) *harness.Result {
	return worker{catalogue: c}.run(ctx, o)
}

// child carries out an order in a child process and lets receive decode what comes back through the pipe. It blocks until the child has ended.
// The first line of an error says why there is no result.
func (w worker) child(ctx context.Context, o order, receive func(*gob.Decoder) error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	e, err := findEngine(o.Engine)
	if err != nil {
		return err
	}
	// The parent owns the directory, so that it is removed even if the child dies.
	dir, release, err := harness.MakeDir(e.dir())
	if err != nil {
		return err
	}
	defer func() { _ = release() }() // what cannot be removed is swept by the next run
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	binary := w.binary
	if binary == "" {
		if binary, err = os.Executable(); err != nil {
			return err
		}
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = os.Environ()
	if w.replays() {
		cmd.Env = replay.Environment(cmd.Env)
	}
	cmd.Env = append(cmd.Env, childOrder+"="+string(text))
	// The child gets its directory as its working directory and never by name. The name differs from run to run. In the child's memory it
	// would move other objects to other addresses, and change the order of maps whose keys are pointers: the replay would not be exact.
	cmd.Dir = dir
	cmd.ExtraFiles = []*os.File{write}
	// A terminal sends Ctrl-C, and SIGHUP when it is closed, to its whole process group. In a group of its own the child does not get them; the
	// parent gets them and ends the child.
	cmd.SysProcAttr = ownGroup()
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Cancel = func() error {
		if overdue(ctx) != nil {
			return cmd.Process.Signal(syscall.SIGQUIT)
		}
		return cmd.Process.Signal(syscall.SIGTERM)
	}
	cmd.WaitDelay = endTimeout
	if err := cmd.Start(); err != nil {
		err = errors.Join(fmt.Errorf("start a process for the run: %w", err), write.Close())
		if ctx.Err() != nil { // it ended after the check above
			return errInterrupted
		}
		return err
	}
	_ = write.Close() // the child has its own copy
	decoding := receive(gob.NewDecoder(read))
	ended := cmd.Wait()
	switch {
	case decoding == nil:
		return nil
	case overdue(ctx) != nil:
		return fmt.Errorf("%w\n%s", overdue(ctx), panicText(said.String()))
	case ctx.Err() != nil || endedFromOutside(cmd.ProcessState) && endsSoon(ctx):
		return errInterrupted
	}
	return childError(ended, said.String())
}

// endedFromOutside says whether a process was ended by one of the signals that a terminal sends, or that ask a process to end.
func endedFromOutside(process *os.ProcessState) bool {
	status, ok := process.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && slices.Contains([]os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}, os.Signal(status.Signal()))
}

// endsSoon blocks until the context has ended, but not longer than a signal may take from the system to the context. It says whether the context has
// ended. The child is a member of this process's group for an instant, after the fork and before it enters a group of its own. A signal to the
// group that comes in this instant ends the child at once, and this process may see the end of the child before it sees the signal.
func endsSoon(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return true
	case <-time.After(signalTimeout):
		return false
	}
}

// overdue returns the cause if a context has ended because a run took too long, else nil.
func overdue(ctx context.Context) error {
	var late *overdueError
	if errors.As(context.Cause(ctx), &late) {
		return late
	}
	return nil
}

// childError makes the error for a child that ended without a result, from how the process ended and what it printed.
func childError(ended error, said string) error {
	how := "by itself"
	if ended != nil {
		how = ended.Error()
	}
	first, rest, _ := strings.Cut(panicText(said), "\n")
	if first == "" {
		return fmt.Errorf("the process of the run ended without a result (%s)", how)
	}
	return fmt.Errorf("the process of the run died: %s (%s)\n%s", strings.TrimSpace(first), how, strings.TrimSpace(rest))
}

// panicText returns the part of a process's output that says why it died: from the Go runtime's message on, up to a fixed length. If there is no
// such message, it returns the beginning of the output.
func panicText(said string) string {
	said = strings.TrimSpace(said)
	begins := len(said)
	for _, word := range []string{"panic: ", "fatal error: ", "runtime: ", "SIG"} {
		if at := strings.Index("\n"+said, "\n"+word); at >= 0 {
			begins = min(begins, at)
		}
	}
	if begins < len(said) {
		said = said[begins:]
	}
	const most = 1500
	return said[:min(len(said), most)]
}

// Child carries out a run in a process that [Execute] has started for it; it then ends the process and does not return. In every other process it
// returns at once. [Main] calls it. A test that calls [Execute] must call it first in TestMain, with the same catalogue:
//
//	func TestMain(m *testing.M) {
//		cli.Child(catalogue)
//		os.Exit(m.Run())
//	}
func Child(c Catalogue) {
	text := os.Getenv(childOrder)
	if text == "" {
		return
	}
	keepPipe()
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", childOrder, err)
		os.Exit(exitUsage)
	}
	os.Args = os.Args[:1] // testing.Main would read the command's arguments as its own flags
	tests := []testing.InternalTest{{Name: o.Story.Name, F: func(t *testing.T) { o.carryOut(t, c) }}}
	switch {
	case o.Measure > 0:
		tests = o.measurements(c)
	case len(o.Then) > 0:
		tests = o.batch(c)
	}
	collectSeldom()
	testing.Main(func(string, string) (bool, error) { return true, nil }, tests, nil, nil)
}

// carryOut makes the one run of an order and writes the result to the pipe.
func (o order) carryOut(t *testing.T, c Catalogue) {
	result, err := o.run(t, c)
	if err != nil {
		result = o.unjudged(c, err)
	}
	pipe := os.NewFile(childPipe, "result")
	if err := errors.Join(gob.NewEncoder(pipe).Encode(result), pipe.Close()); err != nil {
		t.Fatal(err)
	}
}

func (o order) run(t *testing.T, c Catalogue) (*harness.Result, error) {
	ctx := context.Background()
	if o.Engine == virtualName {
		replay.Prepare(o.Seed)
	} else {
		interruptible, restore := signal.NotifyContext(ctx, syscall.SIGTERM)
		defer restore()
		ctx = interruptible
	}
	return o.execute(ctx, t, c, harness.Options{})
}

// execute makes one run in this process. It takes the seed and the workload of the options from the order, and the current directory as theirs.
func (o order) execute(ctx context.Context, t *testing.T, c Catalogue, options harness.Options) (*harness.Result, error) {
	e, err := findEngine(o.Engine)
	if err != nil {
		return nil, err
	}
	s, err := o.Story.scenario(c)
	if err != nil {
		return nil, err
	}
	m, err := o.candidate(c)
	if err != nil {
		return nil, err
	}
	options.Seed, options.Workload, options.Dir = o.Seed, o.Workload, "."
	made := e.make(t, o.Seed)
	if o.Brief {
		timing := made.Timing().Brief()
		options.Timing = &timing
	}
	return harness.Execute(ctx, made, s, m, options), nil
}
