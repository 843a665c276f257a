package manager

import (
	"context"
	"errors"
)

// Follow applies every set of targets that arrives on updates. It blocks until ctx ends, updates is closed, or the
// manager is closed; it then returns the context's error, nil, or [ErrClosed]. For a set with a wrong target it changes
// nothing, calls report with the error unless report is nil, and goes on with the next set. Unlike [Manager.Apply] it does
// not wait until removed clusters are closed, so that a hung cluster does not delay the next update.
//
// Package manager/tiproxy/config fills such a channel from TiProxy's file.
func (m *Manager) Follow(ctx context.Context, updates <-chan []Target, report func(error)) error {
	for {
		select {
		case targets, ok := <-updates:
			if !ok {
				return nil
			}
			wanted, names, err := normalizeAll(targets)
			if err == nil {
				_, err = m.arrange(wanted, names)
			}
			switch {
			case errors.Is(err, ErrClosed):
				return err
			case err != nil && report != nil:
				report(err)
			}
		case <-m.work.Done():
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
