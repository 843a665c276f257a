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

// topology gathers what TiDB servers announce below one prefix: an info key describes a server, a ttl key, under a
// lease, says that it lives. A server counts only with both.
type topology struct {
	prefix string
	// split takes the keys of this topology apart.
	split func(key string) (s server, field string)
	infos map[server]info
}

// server is who announces itself: in a keyspace, or in none.
type server struct{ keyspace, address string }

// info is the newest good value in this life of an info key, and the revisions of the value that was looked at last.
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

// take takes in all keys under the prefix as they are now, and returns the servers that live and the values that cannot be used. An
// info whose newest value cannot be used keeps the one before.
func (t *topology) take(values map[string]guard.Value) (live []Backend, refused []refusal) {
	alive := make(map[server]bool)
	present := make(map[server]bool)
	for key, value := range values {
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

// describe takes in a server's info, if it has not been looked at before.
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

// byAddress joins the servers of all topologies. When several claim an address, the first keeps it: one of no keyspace
// before all others, and then in the order of the keyspaces' names.
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

// splitTopologyKey returns no field for a key that is neither an info nor a ttl.
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

// splitKeyspaceKey does the same for a key of a keyspace. There is much else under that prefix.
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
