// Docs makes what the folder docs has of runs: the pages of the scenarios, the matrix as a table and as a picture, and the picture of a run that the README
// shows. make docs calls it, and make docs-picture for that picture alone, which takes a second.
//
//	go run ./cmd/docs docs
//	go run ./cmd/docs picture docs
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/stormwatch/stormwatch/harness/cli"
	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/chart"
	"github.com/stormwatch/stormwatch/scenarios"
)

func catalogue() cli.Catalogue {
	return cli.Catalogue{Candidates: scenarios.Managers(), Scenarios: scenarios.All()}
}

func main() {
	cli.Child(catalogue())
	args, what := os.Args[1:], write
	if len(args) == 2 && args[0] == "picture" {
		args, what = args[1:], writePicture
	}
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: docs [picture] DIRECTORY")
		os.Exit(2)
	}
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := what(ctx, args[0])
	restore()
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

// write makes all documents in a directory. It blocks for the minutes that the matrix takes.
func write(ctx context.Context, dir string) (err error) {
	if err := writePicture(ctx, dir); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "stormwatch-docs-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	results := filepath.Join(work, "matrix.json")
	began, before := time.Now(), childrenTime()
	var printed bytes.Buffer
	if code := cli.Execute(ctx, catalogue(), []string{"matrix", "--json", results}, &printed, os.Stderr); code != 0 {
		return fmt.Errorf("the matrix is not as it should be (exit status %d):\n%s", code, &printed)
	}
	cost := cost{time.Since(began), childrenTime() - before}
	m, err := readMatrix(results)
	if err != nil {
		return err
	}
	if err := writeMatrix(dir, m, cost); err != nil {
		return err
	}
	pages := []string{"explain", "--all", "--dir", filepath.Join(dir, "scenarios"), "--results", results}
	if code := cli.Execute(ctx, catalogue(), pages, os.Stdout, os.Stderr); code != 0 {
		return fmt.Errorf("explain ended with exit status %d", code)
	}
	return nil
}

func readMatrix(file string) (report.Matrix, error) {
	f, err := os.Open(file)
	if err != nil {
		return report.Matrix{}, err
	}
	defer f.Close()
	return report.ReadMatrix(f)
}

// cost is what a matrix took: by the wall clock, and of the processors.
type cost struct{ wall, processors time.Duration }

// childrenTime is the processors' time of all child processes that have ended.
func childrenTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// writeMatrix writes the page of the matrix and its picture.
func writeMatrix(dir string, m report.Matrix, c cost) error {
	var all []report.Manager
	caught := map[string]string{}
	for _, c := range scenarios.Managers() {
		all = append(all, report.Manager{Name: c.Name, Summary: c.Summary, Caught: c.Caught})
		caught[c.Name] = c.Caught
	}
	var picture, page bytes.Buffer
	if err := chart.Matrix(&picture, m, caught); err != nil {
		return err
	}
	runs := len(m.Scenarios) * len(m.Managers)
	fmt.Fprintf(&page, introduction, len(m.Scenarios), len(m.Managers), runs, c.wall.Round(time.Second), runtime.NumCPU(),
		c.processors.Round(time.Second), (c.processors / time.Duration(runs)).Round(time.Millisecond))
	m.ManagersTable(&page, all)
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "matrix.svg"), picture.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, "matrix.md"), page.Bytes(), 0o644),
	)
}

const introduction = `# The matrix

Who tests the tests? Each *flawed manager* of [` + "`fakes/flawed`" + `](../fakes/flawed) makes one known mistake, most of them one that a real program made,
and says which oracle must catch it. The command ` + "`stormwatch matrix`" + ` runs every scenario with every manager. It fails if a flawed manager is not caught
by its oracle in any scenario, or if a manager without a known mistake is caught.

![the matrix: a row for each scenario, a column for each manager](matrix.svg)

This page, the picture and the [pages of the scenarios](scenarios/README.md) are made by ` + "`make docs`" + `.

## What it costs

The last time, %d scenarios with %d managers were %d runs. They took %s on %d processors, which other programs may have used too, and %s of
the processors' time: %s a run.

A run of the matrix is *brief*: when the views have recovered from a fault it goes on for three seconds, and for three seconds more at its end. The runs
of ` + "`stormwatch run`" + ` go on for 75 s both times, the life of a lease and the interval of its refresh, and cost six times as much: a second of virtual time
with two clusters of three members, their load and a manager is 3 to 4 ms of a processor's. What shows only after a lease is not lost: such mistakes are
named in [` + "`late.go`" + `](../fakes/flawed/late.go), with the scenario and the reason, and these runs are made whole. With ` + "`--full`" + ` all are. So a white cell says
that the manager passed a brief run. Of the rest, starting two clusters is a third, and the few scenarios that last minutes by themselves (quiet clusters, no
space, leases) are another third. Ten runs share one process, which collects its garbage seldom.

## The managers

`
