package manager

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

const (
	topologyPrefix = "/topology/tidb/"
	keyspacePrefix = "/keyspaces/tidb/"
)

// topology gathers what TiDB servers announce: /topology/tidb/<address>/info describes a server,
// /topology/tidb/<address>/ttl, under a lease, says that it lives. A server counts only with both. Servers of a
// keyspace do the same below /keyspaces/tidb/<keyspace>.
type topology struct {
	// split takes the keys of this topology apart.
	split func(key string) (s server, field string)
	infos map[server]Backend
	alive map[server]bool
	// part is this topology's share of directory; outdated after a change.
	part      *[]Backend
	outdated  bool
	directory *directory
}

// server is who announces itself: in a keyspace, or in none.
type server struct{ keyspace, address string }

// directory joins the plain topology and that of the keyspaces into one map. Only show touches it, which the board
// calls for one watch at a time.
type directory struct {
	plain, keyspaced []Backend
	// shown is what was published last; nil after a change.
	shown map[string]Backend
}

func newTopology() *topology { return newTopologyIn(&directory{}) }

func newTopologyIn(d *directory) *topology {
	return &topology{
		split: splitTopologyKey, part: &d.plain, directory: d,
		infos: make(map[server]Backend), alive: make(map[server]bool),
	}
}

func newKeyspacesIn(d *directory) *topology {
	t := newTopologyIn(d)
	t.split, t.part = splitKeyspaceKey, &d.keyspaced
	return t
}

func (t *topology) put(kv *mvccpb.KeyValue) error {
	s, field := t.split(string(kv.Key))
	switch field {
	case "info":
		backend := Backend{Address: s.address, Keyspace: s.keyspace}
		if err := json.Unmarshal(kv.Value, &backend); err != nil {
			return fmt.Errorf("server info is not the JSON expected: %w", err)
		}
		t.infos[s] = backend
		t.outdated = true
	case "ttl":
		// It is rewritten every 30 s by each server; only its first appearance changes anything.
		if !t.alive[s] {
			t.alive[s] = true
			t.outdated = true
		}
	}
	return nil
}

func (t *topology) remove(key string) {
	s, field := t.split(key)
	switch field {
	case "info":
		delete(t.infos, s)
	case "ttl":
		delete(t.alive, s)
	default:
		return
	}
	t.outdated = true
}

func (t *topology) show(v *View) {
	if t.outdated {
		t.outdated = false
		*t.part = nil
		for s, backend := range t.infos {
			if t.alive[s] {
				*t.part = append(*t.part, backend)
			}
		}
		t.directory.shown = nil
	}
	v.Backends = t.directory.show()
}

// show returns the live servers by address. When several claim an address, the first keeps it: one of no keyspace
// before all others, and then in the order of the keyspaces' names.
func (d *directory) show() map[string]Backend {
	if d.shown != nil {
		return d.shown
	}
	slices.SortFunc(d.keyspaced, func(a, b Backend) int { return cmp.Compare(a.Keyspace, b.Keyspace) })
	d.shown = make(map[string]Backend, len(d.plain)+len(d.keyspaced))
	for _, backend := range slices.Concat(d.plain, d.keyspaced) {
		if _, taken := d.shown[backend.Address]; !taken {
			d.shown[backend.Address] = backend
		}
	}
	return d.shown
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
