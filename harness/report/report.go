// Package report makes documents of the results of many runs, which the command writes as lines of JSON:
//
//	stormwatch matrix --json FILE ──► ReadMatrix ──► Matrix ──► tables in Markdown, and the picture of package report/chart
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Matrix is what a run of the command matrix found: every scenario with every manager.
type Matrix struct {
	// Scenarios and Managers are the rows and the columns, in the order in which they were run.
	Scenarios, Managers []string

	cells map[[2]string]Cell
}

// Cell is the outcome of one scenario with one manager.
type Cell struct {
	Scenario string `json:"scenario"`
	Manager  string `json:"manager"`
	// Outcome is "passed", "failed", "not asked" or "not judged".
	Outcome string `json:"outcome"`
	// KilledBy is the oracle that caught the manager. If several did, it is the one that the manager names. Empty: none did.
	KilledBy string `json:"killed_by"`
}

// ReadMatrix reads lines of JSON as the command matrix writes them. It returns an error if a line is none, or a cell is missing.
func ReadMatrix(from io.Reader) (Matrix, error) {
	m := Matrix{cells: map[[2]string]Cell{}}
	lines := json.NewDecoder(from)
	for {
		var c Cell
		err := lines.Decode(&c)
		switch {
		case errors.Is(err, io.EOF):
			return m, m.complete()
		case err != nil:
			return Matrix{}, fmt.Errorf("read the results of a matrix: %w", err)
		case c.Scenario == "" || c.Manager == "" || c.Outcome == "":
			return Matrix{}, fmt.Errorf("read the results of a matrix: result %d names no scenario, no manager or no outcome", len(m.cells)+1)
		}
		if !slices.Contains(m.Scenarios, c.Scenario) {
			m.Scenarios = append(m.Scenarios, c.Scenario)
		}
		if !slices.Contains(m.Managers, c.Manager) {
			m.Managers = append(m.Managers, c.Manager)
		}
		m.cells[[2]string{c.Scenario, c.Manager}] = c
	}
}

func (m Matrix) complete() error {
	for _, s := range m.Scenarios {
		for _, manager := range m.Managers {
			if _, ok := m.Cell(s, manager); !ok {
				return fmt.Errorf("read the results of a matrix: %s with %s is missing", s, manager)
			}
		}
	}
	return nil
}

// Cell is one cell; ok is false if there is none.
func (m Matrix) Cell(scenario, manager string) (c Cell, ok bool) {
	c, ok = m.cells[[2]string{scenario, manager}]
	return c, ok
}
