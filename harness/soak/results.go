package soak

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
)

// FileError says that a file of a soak cannot be read or written, or is broken. It is not the caller's mistake.
type FileError struct {
	File string
	// Line is the number of the broken line, from 1 on. Zero: the error is not about a line.
	Line int
	Err  error
}

func (e *FileError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s: line %d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.File, e.Err)
}

func (e *FileError) Unwrap() error { return e.Err }

// results is the results file of a soak that is running. It is locked, so that no other soak writes to it.
type results struct {
	name string
	file *fileutil.LockedFile
	size int64 // where the last whole line ends
}

// open opens the results file in a directory, and makes both if they are not there. Without resume the directory must be empty. With resume the
// parameters must be those that the soak in it began with.
func open(dir string, p Params, resume bool) (*results, error) {
	empty, err := check(dir, p, resume)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the directory for the results: %w", err)
	}
	if empty {
		if err := p.write(dir); err != nil {
			return nil, err
		}
	}
	r := &results{name: filepath.Join(dir, linesFile)}
	r.file, err = fileutil.TryLockFile(r.name, os.O_RDWR|os.O_CREATE, 0o644)
	if errors.Is(err, fileutil.ErrLocked) {
		return nil, fmt.Errorf("another soak is writing to %s", dir)
	}
	if err != nil {
		return nil, &FileError{File: r.name, Err: err}
	}
	return r, nil
}

// Check returns the error that [Run] would return because of the directory or the parameters. It changes nothing.
func (c *Config) Check() error {
	_, err := check(c.Dir, c.Params, c.Resume)
	return err
}

// check says whether a soak begins in a directory, or returns an error if it can neither begin nor go on there.
func check(dir string, p Params, resume bool) (empty bool, err error) {
	empty, err = isEmpty(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("the directory for the results: %w", err)
	case !empty && !resume:
		return false, fmt.Errorf("%s is not empty: use --resume to go on with the soak in it, or name another directory with --out", dir)
	case !empty:
		return false, p.agree(dir)
	}
	return true, nil
}

// isEmpty says whether a directory has no file of a soak, nor of anything else.
func isEmpty(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != paramsFile+unfinished { // left by a soak that was killed before it began
			return false, nil
		}
	}
	return true, err
}

// agree returns an error unless the soak in a directory began with the same parameters.
func (p Params) agree(dir string) error {
	began, err := ReadParams(dir)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s has no %s: it is not the directory of a soak", dir, paramsFile)
	}
	if err != nil {
		return err
	}
	if differ := began.differences(p); len(differ) > 0 {
		return fmt.Errorf("the soak in %s began with other parameters: %s", dir, strings.Join(differ, "; "))
	}
	return nil
}

// read passes each line to each, and makes the file ready for more. A last line without its end, which a soak leaves that is killed while it writes,
// is cut off; torn says so.
func (r *results) read(each func(Line) error) (torn bool, err error) {
	whole, torn, err := readLines(r.file, r.name, each)
	if err != nil {
		return false, err
	}
	r.size = whole
	if torn {
		err = r.file.Truncate(whole)
	}
	if err == nil {
		_, err = r.file.Seek(whole, io.SeekStart)
	}
	if err != nil {
		return torn, &FileError{File: r.name, Err: err}
	}
	return torn, nil
}

// append writes a line. If it cannot be written whole, nothing of it stays, and the earlier lines do.
func (r *results) append(l Line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	n, err := r.file.Write(append(text, '\n'))
	if err != nil {
		_ = r.file.Truncate(r.size) // if that fails, resume cuts the line off
		return &FileError{File: r.name, Err: err}
	}
	r.size += int64(n)
	return nil
}

func (r *results) close() error {
	if err := r.file.Close(); err != nil {
		return &FileError{File: r.name, Err: err}
	}
	return nil
}

// readLines passes each whole line of a results file to each. whole is where the last one ends, and torn says that something follows it. An error of
// each, and a line that is broken, end it with the name of the file and the number of the line.
func readLines(from io.Reader, name string, each func(Line) error) (whole int64, torn bool, err error) {
	in := bufio.NewReaderSize(from, 1<<16)
	for number := 1; ; number++ {
		text, err := in.ReadBytes('\n')
		switch {
		case errors.Is(err, io.EOF):
			return whole, len(text) > 0, nil
		case err != nil:
			return whole, false, &FileError{File: name, Err: err}
		}
		var l Line
		if err = json.Unmarshal(text, &l); err == nil && l.Version != Version {
			err = errVersion(l.Version)
		}
		if err == nil {
			err = each(l)
		}
		if err != nil {
			return whole, false, &FileError{File: name, Line: number, Err: err}
		}
		whole += int64(len(text))
	}
}
