package soak

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Params are what decides which runs a soak makes. They are kept in its directory.
type Params struct {
	Version int `json:"version"`
	// First and Last are the first and the last seed.
	First uint64 `json:"first_seed"`
	Last  uint64 `json:"last_seed"`
	// For is how long the soak goes on, without the time in which it is stopped. Zero: until it has run the last seed.
	For    Length `json:"for,omitempty"`
	Engine string `json:"engine"`
	// Manager is the manager that is tested. Workload is the workload that it is run with; empty: each schedule draws one.
	Manager  string `json:"manager"`
	Workload string `json:"workload,omitempty"`
	Shard    Shard  `json:"shard"`
	// Blind says that no schedule is made of earlier ones.
	Blind bool `json:"blind,omitempty"`
}

// Length is a duration whose text is like 1h30m.
type Length time.Duration

// MarshalText returns the text.
func (l Length) MarshalText() ([]byte, error) { return []byte(time.Duration(l).String()), nil }

// UnmarshalText reads the text.
func (l *Length) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*l = Length(d)
	return err
}

// Shard is a part of a soak: the islands whose number, divided by Of, leaves Index. The zero value is the whole soak.
type Shard struct{ Index, Of int }

// MarshalText returns the shard as the flag --shard names it: "0/4".
func (s Shard) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d/%d", s.Index, max(s.Of, 1)), nil
}

// UnmarshalText reads what MarshalText returns. The shards are counted from 0 on, and there are at most as many as islands.
func (s *Shard) UnmarshalText(text []byte) error {
	i, n, _ := strings.Cut(string(text), "/")
	index, err := strconv.Atoi(i)
	of, err2 := strconv.Atoi(n)
	if err != nil || err2 != nil || of < 1 || of > Islands || index < 0 || index >= of {
		return fmt.Errorf("shard %q: want a number from 0 on and how many there are, at most %d, such as 0/4 for the first of four", text, Islands)
	}
	*s = Shard{index, of}
	return nil
}

func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, max(s.Of, 1)) }

// has says whether an island belongs to the shard.
func (s Shard) has(island int) bool { return island%max(s.Of, 1) == s.Index }

// Whole says whether the shard is the whole soak.
func (s Shard) Whole() bool { return s.Of <= 1 }

// Seeds is how many seeds the islands of the shard have.
func (p Params) Seeds() (n int) {
	for i := range Islands {
		if first, ok := p.first(i); ok && p.Shard.has(i) {
			n += int((p.Last-first)/Islands) + 1
		}
	}
	return n
}

// first is the first seed of an island; ok is false if the island has none.
func (p Params) first(island int) (seed uint64, ok bool) {
	seed = p.First + (uint64(island)+Islands-p.First%Islands)%Islands
	return seed, p.First <= seed && seed <= p.Last
}

// whole are the parameters without those in which the shards of one soak differ.
func (p Params) whole() Params {
	p.Shard = Shard{}
	return p
}

// differences says in which parameters two soaks differ.
func (p Params) differences(other Params) (list []string) {
	text := func(p Params) [][2]string {
		workload, length := p.Workload, "the last seed"
		if workload == "" {
			workload = "drawn"
		}
		if p.For > 0 {
			length = time.Duration(p.For).String()
		}
		return [][2]string{
			{"seeds", fmt.Sprintf("%d-%d", p.First, p.Last)},
			{"for", length},
			{"engine", p.Engine},
			{"manager", p.Manager},
			{"workload", workload},
			{"shard", p.Shard.String()},
			{"blind", strconv.FormatBool(p.Blind)},
		}
	}
	a, b := text(p), text(other)
	for i := range a {
		if a[i] != b[i] {
			list = append(list, fmt.Sprintf("%s: %s there, %s here", a[i][0], a[i][1], b[i][1]))
		}
	}
	return list
}

// The files of a soak in its directory.
const (
	paramsFile = "soak.json"
	linesFile  = "runs.jsonl"
)

// Files are the names of the files in which a soak in a directory keeps its parameters and its results.
func Files(dir string) []string {
	return []string{filepath.Join(dir, paramsFile), filepath.Join(dir, linesFile)}
}

// ReadParams reads the parameters of the soak in a directory. The error is os.ErrNotExist if there is none.
func ReadParams(dir string) (Params, error) {
	name := filepath.Join(dir, paramsFile)
	text, err := os.ReadFile(name)
	if err != nil {
		return Params{}, err
	}
	var p Params
	if err := json.Unmarshal(text, &p); err != nil {
		return Params{}, &FileError{File: name, Err: err}
	}
	if p.Version != Version {
		return Params{}, &FileError{File: name, Err: errVersion(p.Version)}
	}
	return p, nil
}

func errVersion(of int) error {
	return fmt.Errorf("it has version %d, and this program reads %d", of, Version)
}

// write keeps the parameters in a directory. The file is whole or not there.
func (p Params) write(dir string) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	name := filepath.Join(dir, paramsFile)
	err = os.WriteFile(name+unfinished, append(text, '\n'), 0o644)
	if err == nil {
		err = os.Rename(name+unfinished, name)
	}
	if err != nil {
		return errors.Join(&FileError{File: name, Err: err}, ignoreMissing(os.Remove(name+unfinished)))
	}
	return nil
}

// unfinished ends the name of a file that is being written.
const unfinished = ".tmp"

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
