package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stormwatch/stormwatch/harness/cli"
	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/page/lanes"
)

// hungLeader is the file with the picture of the README: what a plain watch does when the disk of its leader hangs.
const hungLeader = "page-hung-leader.svg"

// writePicture runs the scenario of a hung leader disk with the naive manager, which must fail, and draws the lanes of that run.
func writePicture(ctx context.Context, dir string) (err error) {
	work, err := os.MkdirTemp("", "stormwatch-docs-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	kept := filepath.Join(work, "runs.json")
	var printed bytes.Buffer
	args := []string{"run", "hung-leader-disk", "--manager", "naive", "--workload", "services", "--brief", "--record", kept}
	if code := cli.Execute(ctx, catalogue(), args, &printed, &printed); code != 1 {
		return fmt.Errorf("the naive manager did not fail (exit status %d):\n%s", code, &printed)
	}
	run, err := readRun(kept)
	if err != nil {
		return err
	}
	o := lanes.Options{Standalone: true}
	if from, to, ok := lanes.Focus(run); ok {
		o.From, o.To = from, to
	}
	var picture bytes.Buffer
	if err := lanes.Draw(&picture, run, o); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, hungLeader), append(picture.Bytes(), '\n'), 0o644)
}

// readRun reads the only run of a file.
func readRun(file string) (report.Run, error) {
	f, err := os.Open(file)
	if err != nil {
		return report.Run{}, err
	}
	defer f.Close()
	runs, err := report.Read(f)
	if err != nil {
		return report.Run{}, fmt.Errorf("%s: %w", file, err)
	}
	if len(runs) != 1 {
		return report.Run{}, fmt.Errorf("%s has %d runs, want 1", file, len(runs))
	}
	return runs[0], nil
}
