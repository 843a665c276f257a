package tidb

import (
	"errors"
	"fmt"
	"time"

	"github.com/stormwatch/stormwatch/manager"
)

// Topology returns the backends of all clusters, by cluster/address, so that an address that occurs in two clusters is
// two backends. It does not block, and no cluster delays the result of another. The backends of a cluster are marked stale
// if its topology watch is not attached to a member, or if the last proof that they are complete is older than
// Config.StaleAfter.
//
// A cluster that has never answered has no backends in the result. Topology returns an error, which wraps that of each
// cluster, only if there are clusters and none of them has ever answered. Without clusters the map is empty. If the manager
// is closed, the error is [manager.ErrClosed]. The caller owns the map.
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
		view, _ := m.look(name, below.Tenure)
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

// backendsProven is when the backends were last known to be complete; zero if a watch on them is not attached to a member.
func (m *Manager) backendsProven(v manager.View) time.Time {
	watched := []string{topologyPrefix}
	if m.cfg.Keyspaces {
		watched = append(watched, keyspacePrefix)
	}
	proven := v.Prefixes[topologyPrefix].Proven
	for _, prefix := range watched {
		s := v.Prefixes[prefix]
		if s.Endpoint == "" {
			return time.Time{}
		}
		if s.Proven.Before(proven) {
			proven = s.Proven
		}
	}
	return proven
}
