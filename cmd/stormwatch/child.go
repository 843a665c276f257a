package main

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
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/replay"
	"github.com/stormwatch/stormwatch/harness/virtual"
	"github.com/stormwatch/stormwatch/scenarios"
)

// A run in virtual time needs a *testing.T, and exact replay needs a fresh process: both are to be had in a child process of this
// same binary. The order for it is in the environment, the result comes back through a pipe.

// childOrder is the environment variable with the order; a process that has it is a child.
const childOrder = "STORMWATCH_CHILD_ORDER"

// childPipe is the file descriptor that the child writes its result to: the first after the standard ones.
const childPipe = 3

// patience is how long a child may take to end its run after the user has interrupted.
const patience = 10 * time.Second

// order is what a child is to run.
type order struct {
	Scenario, Manager string
	Seed              uint64
	// Measure is how many seeds, from Seed on, are to be measured, see bench; zero: the scenario is to be run and judged.
	Measure int
}

// runInChild runs a scenario in virtual time in a child process. What goes wrong with the process is a failed verdict of the result.
func runInChild(ctx context.Context, s harness.Scenario, c harness.Candidate, seed uint64) *harness.Result {
	began := time.Now()
	result := new(harness.Result)
	err := child(ctx, order{Scenario: s.Name, Manager: c.Name, Seed: seed}, func(from *gob.Decoder) error { return from.Decode(result) })
	if err != nil {
		result = &harness.Result{
			Scenario: s.Name, Engine: virtualName, Manager: c.Name, Seed: seed, Wall: time.Since(began), Record: record.Empty(),
			Verdicts: []record.Verdict{{Oracle: "scenario", Evidence: err.Error()}},
			Again:    harness.Again(s.Name, virtualName, c.Name, seed),
		}
	}
	return result
}

// child has an order carried out by a child process and hands what comes back through the pipe to receive.
func child(ctx context.Context, o order, receive func(*gob.Decoder) error) error {
	// The parent owns the directory, so that it goes even if the child dies.
	dir, err := makeDir((*virtual.Engine)(nil).Dir())
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
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
	// A run takes a second; interrupted, it may end in good order, and is killed only when it does not.
	cmd.Cancel = func() error { return nil }
	cmd.WaitDelay = patience
	if err := cmd.Start(); err != nil {
		return errors.Join(err, write.Close())
	}
	_ = write.Close() // the child has its own
	decoding := receive(gob.NewDecoder(read))
	if err := cmd.Wait(); decoding != nil {
		return fmt.Errorf("the process of the run gave no result (%w; %w); its last words: %s", err, decoding, lastWords(said.String()))
	}
	return nil
}

// makeDir makes a directory in parent whose name is as long as that of any other.
func makeDir(parent string) (string, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	for i := 0; ; i++ {
		dir := filepath.Join(parent, fmt.Sprintf("stormwatch-run-%08d-%06d", os.Getpid(), i))
		err := os.Mkdir(dir, 0o700)
		if !errors.Is(err, os.ErrExist) {
			return dir, err
		}
	}
}

// lastWords are the part of a process's output that says why it died: where a Go panic begins, up to some length.
func lastWords(said string) string {
	said = strings.TrimSpace(said)
	if at := strings.Index(said, "panic:"); at >= 0 {
		said = said[at:]
	}
	const most = 1500
	return said[:min(len(said), most)]
}

// beChild carries out an order and ends the process.
func beChild(text string) {
	// Ctrl-C at a terminal goes to children too. This one is waited for.
	signal.Ignore(os.Interrupt)
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", childOrder, err)
		os.Exit(exitUsage)
	}
	os.Args = os.Args[:1] // testing reads flags from there
	tests := []testing.InternalTest{{Name: o.Scenario, F: o.carryOut}}
	if o.Measure > 0 {
		tests = o.measurements()
	}
	testing.Main(func(string, string) (bool, error) { return true, nil }, tests, nil, nil)
}

func (o order) carryOut(t *testing.T) {
	s, err := scenarios.Find(o.Scenario)
	if err != nil {
		t.Fatal(err)
	}
	c, err := scenarios.FindManager(o.Manager)
	if err != nil {
		t.Fatal(err)
	}
	replay.Prepare(o.Seed)
	result := harness.Execute(context.Background(), virtual.New(t, o.Seed), s, c, harness.Options{Seed: o.Seed, Dir: "."})
	pipe := os.NewFile(childPipe, "result")
	if err := errors.Join(gob.NewEncoder(pipe).Encode(result), pipe.Close()); err != nil {
		t.Fatal(err)
	}
}
