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
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/replay"
)

// A run in virtual time needs a *testing.T, exact replay needs a fresh process, and a panic of etcd's ends the process that it happens in: so each
// run has a process of its own, of this same binary. The order for it is in the environment, the result comes back through a pipe.

// childOrder is the environment variable with the order; a process that has it is a child.
const childOrder = "STORMWATCH_CHILD_ORDER"

// childPipe is the file descriptor that the child writes its result to: the first after the standard ones.
const childPipe = 3

// patience is how long a child that was asked to end may take to do so.
const patience = 10 * time.Second

// errInterrupted is why a run has no result when the user, or the end of a search, has ended it.
var errInterrupted = errors.New("interrupted")

// runInChild has one run made by a child process. A run that could not be made is a result too.
func runInChild(ctx context.Context, c Catalogue, o order) *harness.Result {
	began := time.Now()
	result := new(harness.Result)
	if err := child(ctx, o, func(from *gob.Decoder) error { return from.Decode(result) }); err != nil {
		result = o.unjudged(c, err)
		result.Wall = time.Since(began)
	}
	return result
}

// child has an order carried out by a child process and hands what comes back through the pipe to receive. It blocks until the child has ended.
// The error says in its first line why there is no result.
func child(ctx context.Context, o order, receive func(*gob.Decoder) error) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	e, err := findEngine(o.Engine)
	if err != nil {
		return err
	}
	// The parent owns the directory, so that it goes even if the child dies.
	dir, release, err := harness.MakeDir(e.dir())
	if err != nil {
		return err
	}
	defer func() { _ = release() }() // what cannot be removed is swept by the next run
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(replay.Environment(os.Environ()), childOrder+"="+string(text))
	// The child knows its directory only as the one it is in: a name that differed from run to run, or only its length, would lay out
	// the child's memory in another way, and with it the order of maps by address.
	cmd.Dir = dir
	cmd.ExtraFiles = []*os.File{write}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("start a process for the run: %w", err), write.Close())
	}
	_ = write.Close() // the child has its own
	decoding := receive(gob.NewDecoder(read))
	ended := cmd.Wait()
	switch {
	case decoding == nil:
		return nil
	case ctx.Err() != nil:
		return errInterrupted
	}
	return death(ended, said.String())
}

// death says why a child ended without a result: its last words, as far as they say so.
func death(ended error, said string) error {
	how := "by itself"
	if ended != nil {
		how = ended.Error()
	}
	first, rest, _ := strings.Cut(lastWords(said), "\n")
	if first == "" {
		return fmt.Errorf("the process of the run ended without a result (%s)", how)
	}
	return fmt.Errorf("the process of the run died: %s (%s)\n%s", strings.TrimSpace(first), how, strings.TrimSpace(rest))
}

// lastWords are the part of a process's output that says why it died: where Go's runtime began to speak, up to some length.
func lastWords(said string) string {
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

// Child carries out the order of a parent process, if this process is such a child, and ends it; otherwise it does nothing. [Main] calls it. A test
// that calls [Execute] needs it as the first thing in TestMain, with the same catalogue:
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
	// Ctrl-C at a terminal goes to children too, and so does the end of the terminal. The parent says when a child is to end.
	signal.Ignore(os.Interrupt, syscall.SIGHUP)
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", childOrder, err)
		os.Exit(exitUsage)
	}
	os.Args = os.Args[:1] // testing reads flags from there
	tests := []testing.InternalTest{{Name: o.Story.Name, F: func(t *testing.T) { o.carryOut(t, c) }}}
	if o.Measure > 0 {
		tests = o.measurements(c)
	}
	testing.Main(func(string, string) (bool, error) { return true, nil }, tests, nil, nil)
}

// carryOut makes the one run of an order and hands the result on.
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

// execute makes one run in this process. The options' seed, workload and directory are the order's.
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
	return harness.Execute(ctx, e.make(t, o.Seed), s, m, options), nil
}
