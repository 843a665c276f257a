// Package cli is the command as a library. With a main.go of ten lines, whoever has managers to test, or scenarios of their own, has all of it:
//
//	func main() {
//		cli.Main(cli.Catalogue{
//			Candidates: []harness.Candidate{mine},
//			Scenarios:  scenarios.All(),
//		})
//	}
//
//	go run . run                                           every scenario against the first candidate
//	go run . try 'HangDisk(alpha/leader) for 30s'          what happens, as a line of text
//	go run . bench                                         how long the candidates take to recover
//
// Each run is carried out by a child process of the same binary, so that nothing which happens to it, a panic of etcd's say, ends the others:
//
//	run, try ──► order (scenario or schedule, engine, manager, seed) ──► child: world, manager, oracles ──► result ──► table, --json
//
// [Main] must therefore be the first thing that main does, and in tests of such a command [Child] the first thing that TestMain does.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes. A verdict that failed outweighs a run that could not be judged.
const (
	exitPassed    = 0 // every verdict passed
	exitFailed    = 1 // a verdict failed
	exitUsage     = 2 // the command was used wrongly
	exitNotJudged = 3 // something could not be judged: the disk was full, the user interrupted, the harness made an error
)

// Main is the whole of a main function: it carries out the command line with the catalogue and ends the process.
func Main(c Catalogue) {
	Child(c)
	// A terminal that is closed interrupts as Ctrl-C does.
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// The first signal ends the command in good order; from then on a second one ends the process.
	context.AfterFunc(ctx, restore)
	os.Exit(Execute(ctx, c, os.Args[1:], os.Stdout, os.Stderr))
}

// Execute carries out a command line and returns its exit code. It blocks until all is done, or until what ctx interrupted has ended in good order. A
// program that calls it must have called Child with the same catalogue.
func Execute(ctx context.Context, c Catalogue, args []string, stdout, stderr io.Writer) int {
	out := &output{to: stdout}
	program := programName()
	root := &cobra.Command{
		Use:   program,
		Short: "Find stale-leader bugs: hurt real etcd clusters and see whether a manager notices",
		Long: "Find stale-leader bugs: hurt real etcd clusters and see whether a manager notices.\n\n" +
			"Exit status: 0 if every verdict passed, 1 if one failed, 2 if the command was used wrongly, 3 if something could not be judged.",
		Version: build(program),
		// Errors are printed here, in one form, and a wrong flag is not answered with a page of help.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Version}}")
	root.AddCommand(newList(c), newRun(c), newTry(c), newBench(c), newOverlay(), newVersion(program))
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(stderr)
	err := c.check()
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if out.err != nil {
		err = errors.Join(unfinished{fmt.Errorf("write the output: %w", out.err)}, err)
	}
	if err == nil {
		return exitPassed
	}
	if text := strings.TrimSpace(err.Error()); text != "" { // errors that were joined stand in lines
		fmt.Fprintf(stderr, "%s: %s\n", program, text)
	}
	return exitCode(err)
}

// exitCode is that of a command that ended with an error. What is no failure and nothing unfinished is the user's mistake.
func exitCode(err error) int {
	var unfinished unfinished
	switch {
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.Is(err, errNotJudged), errors.As(err, &unfinished):
		return exitNotJudged
	}
	return exitUsage
}

// What a command ends with that has printed already what was wrong.
var (
	errFailed    error = printed{"a verdict failed"}
	errUsage     error = printed{"a run was asked for wrongly"}
	errNotJudged error = printed{"a run could not be judged"}
)

// printed is an error that the command has told in its own way already.
type printed struct{ what string }

// Error is empty: nothing more is to be said.
func (printed) Error() string { return "" }

// unfinished is an error because of which something could not be done, or not up to its end.
type unfinished struct{ error }

// output is where a command writes. It remembers the first error, which most callers have no use for, and writes nothing more after it.
type output struct {
	to  io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.to.Write(b)
	o.err = err
	return n, err
}
