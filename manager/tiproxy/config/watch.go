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

// Watcher follows a configuration file. A zero field means its default.
type Watcher struct {
	// File is the path of the file. Its directory must exist; the file itself may come later.
	File string
	// Settle is how long the file must have been left alone before it is read, so that one who writes it in several
	// steps is not read halfway: an empty file is a legal configuration, of no clusters. Default 100 ms.
	Settle time.Duration
	// Recheck is how often the file is looked at without a notification, for files behind symbolic links into other
	// directories and for file systems that notify nobody. Default 10 s.
	Recheck time.Duration
	// Report receives what is wrong with the file, once per content: an [*Error], or several joined. It is called by
	// Run. Nil: nobody wants to know.
	Report func(error)
}

// patience is how many times Settle a file that never rests is waited for.
const patience = 20

// Run delivers what the file says now, and again each time its content changes, until ctx ends; it then returns
// the context's error, and closes updates in any case. A content that is wrong, or no file at all, goes to Report and
// delivers nothing. It blocks on updates until somebody takes the configuration; if the file changes meanwhile, the
// latest one is delivered next. It fails if the directory cannot be watched.
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

// await returns when there is a reason to read the file and it has come to rest.
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
			// Events were lost, and one of them may have been ours.
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

// concerns leaves out whatever else is written in the directory, which may be a busy log.
func (w Watcher) concerns(name string) bool {
	base := filepath.Base(name)
	return base == filepath.Base(w.File) || base == "..data"
}

// reader reads the file and knows what it has read before.
type reader struct {
	Watcher
	// data is the last content read, known says that there is one, failure is the last reported failure to read.
	data    []byte
	known   bool
	failure string
}

// read returns the targets of a content that is new and right.
func (r *reader) read() (targets []manager.Target, fresh bool) {
	data, err := os.ReadFile(r.File)
	if err != nil {
		// A file that is replaced is away for a moment, and one that never comes fails the same way at each recheck.
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
