// Stormwatch runs managers of etcd clusters through the catalogue of scenarios and says which bounds they keep.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes: every verdict passed, a verdict failed, the command was used wrongly.
const (
	exitPassed = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	if order := os.Getenv(childOrder); order != "" {
		beChild(order)
	}
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the run in good order; from then on a second one ends the process.
	context.AfterFunc(ctx, restore)
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// errFailed says that a verdict failed; the command has printed which.
var errFailed = errors.New("a verdict failed")

// failure is an error that is not the user's.
type failure struct{ error }

// execute runs the command and returns its exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   "stormwatch",
		Short: "Find stale-leader bugs: hurt real etcd clusters and see whether a manager notices",
		// Errors are printed here, in one form, and a wrong flag is not answered with a page of help.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(newList(), newRun(), newBench(), newOverlay(), newVersion())
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var ours failure
	switch {
	case err == nil:
		return exitPassed
	case errors.Is(err, errFailed):
		return exitFailed
	case errors.As(err, &ours):
		fmt.Fprintf(stderr, "stormwatch: %v\n", err)
		return exitFailed
	default:
		fmt.Fprintf(stderr, "stormwatch: %v\n", err)
		return exitUsage
	}
}
