package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/stormwatch/stormwatch/harness/schedule/shrink"
)

// shrunkFormat is the format of the object that shrink --json writes.
const shrunkFormat = "stormwatch.shrunk/1"

// shrunk is what shrink found, as an object. Times are in milliseconds. docs/replay.md documents it.
type shrunk struct {
	Format   string `json:"format"`
	Schedule string `json:"schedule"`
	Engine   string `json:"engine"`
	Manager  string `json:"manager"`
	Workload string `json:"workload"`
	Seed     uint64 `json:"seed"`
	Oracle   string `json:"oracle"`
	Evidence string `json:"evidence"`
	Tries    int    `json:"tries"`
	// Limited and Interrupted say that the schedule may not be as small as it could be.
	Limited     bool         `json:"limited"`
	Interrupted bool         `json:"interrupted"`
	Cause       *shrunkCause `json:"cause"`
	Again       string       `json:"again"`
	File        string       `json:"file,omitempty"`
	GoTest      string       `json:"go_test"`
}

// shrunkCause says when the failure became inevitable.
type shrunkCause struct {
	From float64 `json:"from_ms"`
	Kind string  `json:"kind"`
	Text string  `json:"text"`
}

// shrunkOf is what was found, as an object. again is the command that runs the schedule, file its file; empty if there is none.
func shrunkOf(found shrink.Found, j *job, again, file string) shrunk {
	s := shrunk{
		Format: shrunkFormat, Schedule: found.Schedule.String(), Engine: j.engines[0].name, Manager: found.Result.Manager, Workload: found.Result.Workload,
		Seed: found.Result.Seed, Oracle: found.Oracle, Tries: found.Tries, Limited: found.Limited, Again: again, File: file, GoTest: string(found.GoTest()),
	}
	for _, v := range found.Result.Failed() {
		if v.Oracle == found.Oracle {
			s.Evidence = v.Evidence
			break
		}
	}
	if c := found.Cause; c.Text != "" {
		s.Cause = &shrunkCause{From: milliseconds(c.From.Round(time.Millisecond)), Kind: c.Kind, Text: c.Text}
	}
	return s
}

// write writes the object, indented for whoever reads it.
func (s shrunk) write(to io.Writer) error {
	lines := json.NewEncoder(to)
	lines.SetIndent("", "  ")
	if err := lines.Encode(s); err != nil {
		return fmt.Errorf("write what was found: %w", err)
	}
	return nil
}
