package manager

import (
	"errors"
	"fmt"
	"time"
)

// Topology is the backends of all clusters, by cluster/address, so that an address which occurs in two clusters is
// two backends. It is ready made of the clusters' views: it never blocks, and no cluster makes another one wait. A
// cluster that sits on no member now, or for Config.StaleAfter could not show that its view is complete, contributes
// the backends it had last, marked stale.
//
// A cluster that has never answered contributes none; only when there are clusters and none of them ever answered is
// that an error, which wraps each cluster's own. No clusters have no backends, and that is no error. A closed manager
// returns [ErrClosed]. The map is the caller's.
func (m *Manager) Topology() (map[string]Backend, error) {
	now := time.Now()
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return nil, ErrClosed
	}
	merged := make(map[string]Backend)
	var silent []error
	for name, s := range m.slots {
		view := s.current.board.view.Load()
		if view.Revision == 0 {
			silent = append(silent, fmt.Errorf("cluster %q: %w", name, view.Err))
			continue
		}
		stale := now.Sub(s.current.board.backendsProven()) > m.cfg.StaleAfter
		for address, backend := range view.Backends {
			backend.Cluster, backend.Stale = name, stale
			merged[name+"/"+address] = backend
		}
	}
	if len(silent) > 0 && len(silent) == len(m.slots) {
		return nil, errors.Join(silent...)
	}
	return merged, nil
}
