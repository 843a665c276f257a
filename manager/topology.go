package manager

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

const topologyPrefix = "/topology/tidb/"

// topology gathers what TiDB servers announce: /topology/tidb/<address>/info describes a server,
// /topology/tidb/<address>/ttl, under a lease, says that it lives. A server counts only with both.
type topology struct {
	infos map[string]Backend
	alive map[string]bool
	// shown is what was published last; nil after a change.
	shown map[string]Backend
}

func newTopology() *topology {
	return &topology{infos: make(map[string]Backend), alive: make(map[string]bool)}
}

func (t *topology) put(kv *mvccpb.KeyValue) error {
	address, field := splitTopologyKey(string(kv.Key))
	switch field {
	case "info":
		backend := Backend{Address: address}
		if err := json.Unmarshal(kv.Value, &backend); err != nil {
			return fmt.Errorf("server info is not the JSON expected: %w", err)
		}
		t.infos[address] = backend
		t.shown = nil
	case "ttl":
		// It is rewritten every 30 s by each server; only its first appearance changes anything.
		if !t.alive[address] {
			t.alive[address] = true
			t.shown = nil
		}
	}
	return nil
}

func (t *topology) remove(key string) {
	address, field := splitTopologyKey(key)
	switch field {
	case "info":
		delete(t.infos, address)
	case "ttl":
		delete(t.alive, address)
	default:
		return
	}
	t.shown = nil
}

func (t *topology) show(v *View) {
	if t.shown == nil {
		t.shown = maps.Clone(t.infos)
		maps.DeleteFunc(t.shown, func(address string, _ Backend) bool { return !t.alive[address] })
	}
	v.Backends = t.shown
}

// splitTopologyKey returns no field for a key that is neither an info nor a ttl.
func splitTopologyKey(key string) (address, field string) {
	address, field, ok := strings.Cut(strings.TrimPrefix(key, topologyPrefix), "/")
	if !ok || address == "" || (field != "info" && field != "ttl") {
		return "", ""
	}
	return address, field
}
