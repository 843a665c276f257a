package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Write writes a run as one line of JSON.
func Write(w io.Writer, r Run) error {
	if err := json.NewEncoder(w).Encode(r); err != nil {
		return fmt.Errorf("write the run of %s with %s: %w", r.Scenario, r.Manager, err)
	}
	return nil
}

// Read reads runs that [Write] has written. If something in between is no such run, it returns the runs before it, and an error that names it by its
// number.
func Read(from io.Reader) ([]Run, error) {
	var runs []Run
	lines := json.NewDecoder(from)
	for {
		var r Run
		err := lines.Decode(&r)
		switch {
		case errors.Is(err, io.EOF):
			return runs, nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return runs, fmt.Errorf("run %d ends in the middle: what wrote it was killed", len(runs)+1)
		case err != nil:
			return runs, fmt.Errorf("run %d: %w", len(runs)+1, err)
		case r.Format != Format:
			return runs, fmt.Errorf("run %d: %w", len(runs)+1, foreign(r.Format))
		}
		runs = append(runs, r)
	}
}

// foreign is the error of a line that has another format.
func foreign(format string) error {
	switch {
	case format == "":
		return fmt.Errorf("it has no format, want %q: it may be of --json, and not of --record", Format)
	case strings.HasPrefix(format, "stormwatch.run/"):
		return fmt.Errorf("its format is %q, and this program reads %q: it may be of a later version", format, Format)
	}
	return fmt.Errorf("its format is %q, want %q", format, Format)
}
