package tidb

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/manager/guard"
)

const (
	topologyPrefix = "/topology/tidb/"
	keyspacePrefix = "/keyspaces/tidb/"
)

// topology collects what TiDB servers announce below one prefix. An info key describes a server, and a ttl key, under a
// lease, says that the server is up. A server counts only with both.
type topology struct {
	prefix string
	// split parses a key of this topology.
	split func(key string) (s server, field string)
	infos map[server]info
	// history is the history of the cluster that the infos are of.
	history int
}

// server identifies a TiDB server by its keyspace, which may be empty, and its address.
type server struct{ keyspace, address string }

// info is the newest valid value of an info key since the key was created, and the revisions of the value that was read last.
type info struct {
	created, revision int64
	good              *Backend
}

func newTopology() *topology {
	return &topology{prefix: topologyPrefix, split: splitTopologyKey, infos: make(map[server]info)}
}

func newKeyspaces() *topology {
	return &topology{prefix: keyspacePrefix, split: splitKeyspaceKey, infos: make(map[server]info)}
}

// take updates the topology from all keys under the prefix. It returns the servers that are up and the values that cannot be
// used. If the newest value of an info key cannot be used, the previous one is kept.
func (t *topology) take(watched guard.Snapshot) (live []Backend, refused []refusal) {
	if watched.History != t.history {
		t.history = watched.History
		clear(t.infos) // equal revisions are those of other writes now
	}
	alive := make(map[server]bool)
	present := make(map[server]bool)
	for key, value := range watched.Values {
		s, field := t.split(key)
		switch field {
		case "ttl":
			alive[s] = true
		case "info":
			present[s] = true
			if err := t.describe(s, value); err != nil {
				refused = append(refused, refusal{key: key, revision: value.ModRevision, err: err})
			}
		}
	}
	for s, known := range t.infos {
		switch {
		case !present[s]:
			delete(t.infos, s)
		case alive[s] && known.good != nil:
			live = append(live, *known.good)
		}
	}
	return live, refused
}

// describe parses a server's info, unless this value was parsed before.
func (t *topology) describe(s server, value guard.Value) error {
	known := t.infos[s]
	if known.revision == value.ModRevision {
		return nil
	}
	if known.created != value.CreateRevision {
		known.good = nil
	}
	known.created, known.revision = value.CreateRevision, value.ModRevision
	backend := &Backend{Address: s.address, Keyspace: s.keyspace}
	err := json.Unmarshal([]byte(value.Value), backend)
	if err == nil {
		known.good = backend
	}
	t.infos[s] = known
	if err != nil {
		return fmt.Errorf("server info is not the JSON expected: %w", err)
	}
	return nil
}

// byAddress joins the servers of all topologies. If several have the same address, the first one counts: one without a
// keyspace before all others, and then in the order of the keyspaces' names.
func byAddress(live []Backend) map[string]Backend {
	slices.SortFunc(live, func(a, b Backend) int { return cmp.Compare(a.Keyspace, b.Keyspace) })
	joined := make(map[string]Backend, len(live))
	for _, backend := range live {
		if _, taken := joined[backend.Address]; !taken {
			joined[backend.Address] = backend
		}
	}
	return joined
}

// splitTopologyKey parses a key of a server without a keyspace. It returns an empty field for a key that is neither an info
// nor a ttl key.
func splitTopologyKey(key string) (s server, field string) {
	rest, ok := strings.CutPrefix(key, topologyPrefix)
	if !ok {
		return server{}, ""
	}
	address, field, ok := strings.Cut(rest, "/")
	if !ok || address == "" || (field != "info" && field != "ttl") {
		return server{}, ""
	}
	return server{address: address}, field
}

// splitKeyspaceKey does the same for a key of a server in a keyspace. That prefix has many other keys too.
func splitKeyspaceKey(key string) (s server, field string) {
	rest, ok := strings.CutPrefix(key, keyspacePrefix)
	if !ok {
		return server{}, ""
	}
	keyspace, rest, ok := strings.Cut(rest, "/")
	if !ok || keyspace == "" {
		return server{}, ""
	}
	if s, field = splitTopologyKey("/" + rest); field == "" {
		return server{}, ""
	}
	s.keyspace = keyspace
	return s, field
}
