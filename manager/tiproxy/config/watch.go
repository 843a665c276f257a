package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/stormwatch/stormwatch/manager"
)

// Watcher reads a configuration file whenever it changes. A zero field means its default.
type Watcher struct {
	// File is the path of the file. Its directory must exist; the file itself may come later.
	File string
	// Settle is how long the file must not have changed before it is read, so that a file that is written in several steps
	// is not read too early: an empty file is a valid configuration without clusters. Default 100 ms.
	Settle time.Duration
	// Recheck is how often the file is read without a notification, for files behind symbolic links into other
	// directories and for file systems without notifications. Default 10 s.
	Recheck time.Duration
	// Report is called by Run with what is wrong with the file, once per content: an [*Error], or several joined. Nil: it is
	// not called.
	Report func(error)
}

// patience limits the wait for a file that changes all the time: after this many times Settle it is read.
const patience = 20

// Run sends the file's targets to updates, now and each time that its content changes, until ctx ends. It then returns
// the context's error. It closes updates when it returns. If the content is wrong or there is no file, Run calls Report and
// sends nothing. It blocks on updates until the targets are received; if the file changes meanwhile, it sends the latest
// content next. It fails if the directory cannot be watched.
//
// It watches the directory, not the file: editors replace files by renaming, and Kubernetes replaces the symbolic
// link ..data that a mounted file leads through.
func (w Watcher) Run(ctx context.Context, updates chan<- []manager.Target) error {
	defer close(updates)
	if w.Settle == 0 {
		w.Settle = 100 * time.Millisecond
	}
	if w.Recheck == 0 {
		w.Recheck = 10 * time.Second
	}
	notifier, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", w.File, err)
	}
	defer func() { _ = notifier.Close() }()
	if err := notifier.Add(filepath.Dir(w.File)); err != nil {
		return fmt.Errorf("watch %s: %w", w.File, err)
	}
	r := &reader{Watcher: w}
	recheck := time.NewTicker(w.Recheck)
	defer recheck.Stop()
	for {
		if targets, fresh := r.read(); fresh {
			select {
			case updates <- targets:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := w.await(ctx, notifier, recheck.C); err != nil {
			return err
		}
	}
}

// await blocks until there is a reason to read the file and the file has not changed for Settle.
func (w Watcher) await(ctx context.Context, notifier *fsnotify.Watcher, recheck <-chan time.Time) error {
	settled := time.NewTimer(w.Settle)
	settled.Stop()
	defer settled.Stop()
	var begun time.Time
	for {
		select {
		case event, ok := <-notifier.Events:
			if !ok {
				return fsnotify.ErrClosed
			}
			if !w.concerns(event.Name) {
				continue
			}
			if begun.IsZero() {
				begun = time.Now()
			}
			settled.Reset(min(w.Settle, time.Until(begun.Add(patience*w.Settle))))
		case err, ok := <-notifier.Errors:
			if !ok {
				return fsnotify.ErrClosed
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				return fmt.Errorf("watch %s: %w", w.File, err)
			}
			// Events were lost, and one of them may have been about the file.
			settled.Reset(w.Settle)
		case <-settled.C:
			return nil
		case <-recheck:
			if begun.IsZero() {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// concerns reports whether an event's file name is about the configuration file. Other files in the directory, such as a log,
// may change often.
func (w Watcher) concerns(name string) bool {
	base := filepath.Base(name)
	return base == filepath.Base(w.File) || base == "..data"
}

// reader reads the file and remembers its last content.
type reader struct {
	Watcher
	// data is the last content, known says that there is one, and failure is the last failure to read that was reported.
	data    []byte
	known   bool
	failure string
}

// read reads the file. It returns its targets if the content is new and valid.
func (r *reader) read() (targets []manager.Target, fresh bool) {
	data, err := os.ReadFile(r.File)
	if err != nil {
		// A file that is being replaced is missing for a moment, and a missing file fails in the same way at each recheck.
		if r.failure != err.Error() {
			r.failure = err.Error()
			r.report(&Error{File: r.File, Reason: "it cannot be read: " + err.Error(), Err: err})
		}
		return nil, false
	}
	r.failure = ""
	if r.known && bytes.Equal(data, r.data) {
		return nil, false
	}
	r.data, r.known = data, true
	targets, err = Parse(r.File, data)
	if err != nil {
		r.report(err)
		return nil, false
	}
	return targets, true
}

func (r *reader) report(err error) {
	if r.Report != nil {
		r.Report(err)
	}
}
