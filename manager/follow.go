package manager

import (
	"context"
	"errors"
)

// Follow makes every set of targets that arrives on updates the set of managed clusters, one after the other. It
// blocks until ctx ends, the channel is closed, or the manager is: then it returns the context's error, nil, or
// [ErrClosed]. A set that is wrong changes nothing and goes to report, which may be nil; Follow goes on with the next
// one. It does not wait until a removed cluster is gone, which [Manager.Apply] does, so that a hung cluster never
// holds up an update.
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
