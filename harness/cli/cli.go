// Package cli is the stormwatch command as a library, so that you can have it for your own managers and scenarios. A main.go of ten lines is enough:
//
//	func main() {
//		cli.Main(cli.Catalogue{
//			Candidates: []harness.Candidate{mine},
//			Scenarios:  scenarios.All(),
//		})
//	}
//
//	go run . run                                           every scenario against the first candidate
//	go run . try 'HangDisk(alpha/leader) for 30s'          one schedule, typed by hand
//	go run . shrink FILE                                   a failing schedule, made small and explained
//	go run . replay FILE                                   the same failure again, or no more
//	go run . soak --for 8h                                 schedules drawn by the thousand
//	go run . report runs.jsonl                             a page of runs that were kept, to look at
//	go run . matrix                                        every scenario against every candidate
//	go run . bench                                         how long the candidates take to recover
//	go run . explain hung-leader-disk                      what happens in a scenario, and what is allowed
//
// Each run is carried out by a child process of the same binary, so that whatever happens to one run (a panic in etcd, for example) does not end
// the others:
//
//	run, try … ──► order (scenario or schedule, engine, manager, seed) ──► child: world, manager, oracles ──► result ──► table, --json
//
// Therefore main must call [Main] before anything else, and TestMain of a test that calls [Execute] must call [Child] before anything else.
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

// The exit codes. If several apply, a failed verdict comes before wrong use, and wrong use before a run that could not be judged.
const (
	exitPassed    = 0 // every verdict passed
	exitFailed    = 1 // a verdict failed
	exitUsage     = 2 // the command was used wrongly
	exitNotJudged = 3 // a run could not be judged or the output not be written: a full disk, an interrupt, an error in the harness
)

// Main is the whole of a main function: it carries out the command line of this process with the catalogue, and ends the process with the exit code
// that [Execute] returns. The first SIGINT, SIGTERM or SIGHUP ends the runs and prints the results so far; a second one kills the process.
func Main(c Catalogue) {
	Child(c)
	// A terminal that is closed sends SIGHUP; it ends the command as Ctrl-C does.
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// The first signal lets the command end its runs and print its results. After it, the signals have their usual effect again, so that a
	// second one kills the process.
	context.AfterFunc(ctx, restore)
	os.Exit(Execute(ctx, c, os.Args[1:], os.Stdout, os.Stderr))
}

// Execute carries out a command line, without the program's name, and returns its exit code: 0 if every verdict passed, 1 if one failed, 2 if the
// command was used wrongly, 3 if a run could not be judged. It blocks until all runs have ended. The end of ctx interrupts them: what is done is
// still printed. A program that calls Execute must first have called [Child] with the same catalogue.
func Execute(ctx context.Context, c Catalogue, args []string, stdout, stderr io.Writer) int {
	out := &output{to: stdout}
	program := programName()
	root := &cobra.Command{
		Use:   program,
		Short: "Find stale-leader bugs: hurt real etcd clusters and see whether a manager notices",
		Long: "Find stale-leader bugs: hurt real etcd clusters and see whether a manager notices.\n\n" +
			"Exit status: 0 if every verdict passed, 1 if one failed, 2 if the command was used wrongly, 3 if something could not be judged.",
		Example: "  " + program + " run hung-leader-disk --manager naive --transcript\n  " + program + " try 'HangDisk(alpha/leader) for 30s'\n" +
			"  " + program + " explain hung-leader-disk",
		Version: build(program),
		// Execute prints the errors itself, all in one form. After a wrong flag a page of help would hide the error.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Version}}")
	root.AddCommand(newList(c), newRun(c), newTry(c), newReplay(c), newShrink(c), newSoak(c), newMerge(), newReport(), newMatrix(c), newExplain(c), newBench(c))
	root.AddCommand(newLab(c), newFault(), newHeal(), newOverlay(), newVersion(program))
	root.SetFlagErrorFunc(wrongFlag)
	for _, command := range root.Commands() {
		offerFlags(c, command)
	}
	complete(root)
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
	if text := strings.TrimSpace(err.Error()); text != "" { // joined errors are separated by line breaks, also the empty ones
		fmt.Fprintf(stderr, "%s: %s\n", program, text)
	}
	return exitCode(err)
}

// exitCode returns the exit code for a command's error. An error of no known type means that the command was used wrongly.
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

// The errors of a command that has already printed what was wrong.
var (
	errFailed    error = printed{"a verdict failed"}
	errUsage     error = printed{"a run was asked for wrongly"}
	errNotJudged error = printed{"a run could not be judged"}
)

// printed is an error that the command has already printed in its own form.
type printed struct{ what string }

// Error is empty, so that Execute does not print the error again.
func (printed) Error() string { return "" }

// unfinished is the error of a command that could not do all that was asked: it was interrupted, or could not write its output.
type unfinished struct{ error }

// output is the writer that a command prints to. It remembers the first write error for Execute, so that callers need not check each write, and
// writes nothing after it.
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
