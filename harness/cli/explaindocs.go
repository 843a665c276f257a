package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/report"
)

// docs are pages about scenarios, one file each, and their index.
type docs struct {
	dir string
	// results is a file that matrix has written; empty: the pages do not say how managers fared.
	results string
}

// faring is the heading of the part of a page that follows from the results of a matrix.
const faring = "## How managers fare"

// write makes one brief run of each task with the first manager that it is about, and writes the pages.
func (d docs) write(ctx context.Context, to io.Writer, c Catalogue, tasks []task) error {
	matrix, err := d.matrix()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return err
	}
	orders := make([]order, len(tasks))
	for i, t := range tasks {
		s, err := t.scenario(c)
		if err != nil {
			return err
		}
		orders[i] = order{Story: t.story, Engine: virtualName, Manager: c.examples(s)[0], Seed: 1, Brief: true}
	}
	results := runEach(ctx, to, c, orders)
	if err := allMade(results, len(orders)); err != nil {
		return err
	}
	index := bytes.NewBufferString("# Scenarios\n\nWhat happens to the clusters of a manager, a page each. The command `explain NAME` prints one.\n\n" +
		"| scenario | what happens | where it happened |\n| --- | --- | --- |\n")
	for i, r := range results {
		s, err := tasks[i].scenario(c)
		if err != nil {
			return err
		}
		fmt.Fprintf(index, "| [%s](%s.md) | %s | %s |\n", s.Name, s.Name, s.Summary, s.Incident)
		if err := os.WriteFile(filepath.Join(d.dir, s.Name+".md"), d.page(c, s, r, matrix), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(d.dir, "README.md"), index.Bytes(), 0o644)
}

// matrix reads the results; nil if there are none.
func (d docs) matrix() (*report.Matrix, error) {
	if d.results == "" {
		return nil, nil
	}
	f, err := os.Open(d.results)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := report.ReadMatrix(f)
	return &m, err
}

func (d docs) page(c Catalogue, s harness.Scenario, r *harness.Result, matrix *report.Matrix) []byte {
	var page bytes.Buffer
	tell(&page, s, r.Record)
	if s.Owners {
		fmt.Fprintf(&page, "\nTo see it happen: `stormwatch run %s --transcript --manager %s`, or another manager that owns things.\n", s.Name, r.Manager)
	} else {
		fmt.Fprintf(&page, "\nTo see it happen: `stormwatch run %s --transcript`, with `--manager` to choose the manager.\n", s.Name)
	}
	if matrix != nil {
		fmt.Fprintf(&page, "\n%s\n\n", faring)
		var all []report.Manager
		for _, m := range c.Candidates {
			all = append(all, report.Manager{Name: m.Name, Summary: m.Summary, Caught: m.Caught})
		}
		matrix.Scenario(&page, s.Name, all)
	}
	return page.Bytes()
}
