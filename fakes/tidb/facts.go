package tidb

import (
	"encoding/binary"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/stormwatch/stormwatch/harness"
)

// facts returns the backends and checkpoints that keys and their values stand for. A value that cannot be decoded is no fact.
func facts(values map[string]string) harness.Facts {
	facts := harness.Facts{}
	for key, value := range values {
		if address, ok := cut(key, TopologyPrefix, "/info"); ok {
			if _, lives := values[TopologyPrefix+address+"/ttl"]; !lives {
				continue
			}
			var info serverInfo
			if json.Unmarshal([]byte(value), &info) == nil {
				facts[harness.Subject{Kind: Backend, Name: address}] = strconv.FormatInt(info.StartTimestamp, 10)
			}
		}
		if task, ok := cut(key, checkpointPrefix, "/central_global"); ok && len(value) == 8 {
			facts[harness.Subject{Kind: Checkpoint, Name: task}] = strconv.FormatUint(binary.BigEndian.Uint64([]byte(value)), 10)
		}
	}
	return facts
}

// cut returns the part of a key between a prefix and a suffix; false if the key does not have both.
func cut(key, prefix, suffix string) (name string, ok bool) {
	name, ok = strings.CutPrefix(key, prefix)
	if !ok {
		return "", false
	}
	return strings.CutSuffix(name, suffix)
}
