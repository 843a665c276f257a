package tidb

import (
	"errors"
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/manager"
)

// Topology is the backends of all clusters, by cluster/address, so that an address which occurs in two clusters is
// two backends. It is made of the clusters' views: it never blocks, and no cluster makes another one wait. A
// cluster whose topology's watch is attached to no member now, or for Config.StaleAfter could not show that its view is
// complete, contributes the backends it had last, marked stale.
//
// A cluster that has never answered contributes none; only when there are clusters and none of them ever answered is
// that an error, which wraps each cluster's own. No clusters have no backends, and that is no error. A closed manager
// returns [manager.ErrClosed]. The map is the caller's.
func (m *Manager) Topology() (map[string]Backend, error) {
	if _, err := m.Cluster(""); err != nil {
		return nil, err
	}
	now := time.Now()
	merged := make(map[string]Backend)
	clusters, silent := 0, []error(nil)
	for _, name := range m.Clusters() {
		below, ok := m.Manager.View(name)
		if !ok {
			continue
		}
		clusters++
		view, _ := m.look(name, below)
		if view.Revision == 0 {
			silent = append(silent, fmt.Errorf("cluster %q: %w", name, view.Err))
			continue
		}
		stale := now.Sub(m.backendsProven(below)) > m.cfg.StaleAfter
		for address, backend := range view.Backends {
			backend.Cluster, backend.Stale = name, stale
			merged[name+"/"+address] = backend
		}
	}
	if clusters > 0 && len(silent) == clusters {
		return nil, errors.Join(silent...)
	}
	return merged, nil
}

// backendsProven is when the backends were last known to be complete, as long as those who watch them are attached to
// a member; zero otherwise.
func (m *Manager) backendsProven(v manager.View) time.Time {
	watched := []string{topologyPrefix}
	if m.cfg.Keyspaces {
		watched = append(watched, keyspacePrefix)
	}
	proven := v.Prefixes[topologyPrefix].Proven
	for _, prefix := range watched {
		s := v.Prefixes[prefix]
		if !s.Healthy {
			return time.Time{}
		}
		if s.Proven.Before(proven) {
			proven = s.Proven
		}
	}
	return proven
}
