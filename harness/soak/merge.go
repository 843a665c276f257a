package soak

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Merge adds up the results in the directories of one soak's shards, or of one soak. Notes say what is missing. The error is a [FileError] if results
// cannot be read or are broken, and another error if the directories are not of the same soak or a seed has two runs that differ.
func Merge(dirs ...string) (s *Summary, notes []string, err error) {
	t := newTally()
	var all []Params
	var speed Speed
	for _, dir := range dirs {
		p, err := ReadParams(dir)
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil, fmt.Errorf("%s is not the directory of a soak: %w", dir, err)
		}
		if err != nil {
			return nil, nil, err
		}
		if len(all) > 0 {
			if differ := all[0].whole().differences(p.whole()); len(differ) > 0 {
				return nil, nil, fmt.Errorf("%s and %s are not of the same soak: %s", dirs[0], dir, strings.Join(differ, "; "))
			}
		}
		all = append(all, p)
		before := len(t.digests)
		elapsed, torn, err := t.readDir(dir)
		if err != nil {
			return nil, nil, err
		}
		if torn {
			notes = append(notes, fmt.Sprintf("the end of the results in %s is a part of a line, and left out: the soak is running, or was killed", dir))
		}
		speed.Elapsed = max(speed.Elapsed, elapsed)
		if elapsed > 0 {
			speed.PerSecond += float64(len(t.digests)-before) / (elapsed / 1000)
		}
	}
	s = t.summary()
	s.Manager, s.Engine = all[0].Manager, all[0].Engine
	s.Speed.Elapsed, s.Speed.PerSecond = speed.Elapsed, speed.PerSecond
	return s, append(notes, missing(all, s.Schedules)...), nil
}

// readDir adds the lines of the soak in a directory. elapsed is how long it has been running, in milliseconds.
func (t *tally) readDir(dir string) (elapsed float64, torn bool, err error) {
	name := filepath.Join(dir, linesFile)
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return 0, false, nil // it was stopped before it began
	}
	if err != nil {
		return 0, false, &FileError{File: name, Err: err}
	}
	defer file.Close()
	_, torn, err = readLines(file, name, func(l Line) error {
		elapsed = max(elapsed, l.Elapsed)
		return t.add(dir, l)
	})
	return elapsed, torn, err
}

// missing says which shards and how many seeds are not among the results.
func missing(all []Params, made int) (notes []string) {
	whole := all[0].whole()
	of := all[0].Shard.Of
	if !slices.ContainsFunc(all, func(p Params) bool { return p.Shard.Of != of }) {
		for i := range of {
			if !slices.ContainsFunc(all, func(p Params) bool { return p.Shard.Index == i }) {
				notes = append(notes, fmt.Sprintf("shard %s is missing", Shard{i, of}))
			}
		}
	}
	if total := whole.Seeds(); whole.For == 0 && made < total && len(notes) == 0 {
		notes = append(notes, fmt.Sprintf("%d of %d seeds were run", made, total))
	}
	return notes
}
