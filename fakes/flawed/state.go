package flawed

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"strings"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

const (
	topologyPrefix   = "/topology/tidb/"
	checkpointPrefix = "/tidb/br-stream/checkpoint/"
)

// state is what a runtime has seen: the raw values by key, and the view they make.
type state struct {
	mu        sync.Mutex
	values    map[string]map[string][]byte // by prefix, by key
	revisions map[string]int64             // by prefix
	err       error
}

func newState() *state {
	return &state{
		values:    map[string]map[string][]byte{topologyPrefix: {}, checkpointPrefix: {}},
		revisions: map[string]int64{},
	}
}

func (s *state) replace(prefix string, resp *clientv3.GetResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revisions[prefix] = resp.Header.Revision
	values := map[string][]byte{}
	for _, kv := range resp.Kvs {
		values[string(kv.Key)] = kv.Value
	}
	s.values[prefix] = values
}

func (s *state) apply(prefix string, resp clientv3.WatchResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revisions[prefix] = max(s.revisions[prefix], resp.Header.Revision)
	for _, e := range resp.Events {
		if e.Type == clientv3.EventTypeDelete {
			delete(s.values[prefix], string(e.Kv.Key))
		} else {
			s.values[prefix][string(e.Kv.Key)] = e.Kv.Value
		}
	}
}

func (s *state) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *state) view() harness.View {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := harness.View{
		Backends:    map[string]harness.Backend{},
		Checkpoints: map[string]uint64{},
		Revision:    min(s.revisions[topologyPrefix], s.revisions[checkpointPrefix]),
		Healthy:     s.err == nil,
		Err:         s.err,
	}
	topology := s.values[topologyPrefix]
	for key := range maps.Keys(topology) {
		address, isInfo := strings.CutSuffix(strings.TrimPrefix(key, topologyPrefix), "/info")
		if _, lives := topology[topologyPrefix+address+"/ttl"]; !isInfo || !lives {
			continue
		}
		var info struct {
			StartTimestamp int64 `json:"start_timestamp"`
		}
		if json.Unmarshal(topology[key], &info) == nil {
			v.Backends[address] = harness.Backend{StartTimestamp: info.StartTimestamp}
		}
	}
	for key, value := range s.values[checkpointPrefix] {
		task, isGlobal := strings.CutSuffix(strings.TrimPrefix(key, checkpointPrefix), "/central_global")
		if isGlobal && len(value) == 8 {
			v.Checkpoints[task] = binary.BigEndian.Uint64(value)
		}
	}
	return v
}
