package manager

import (
	"encoding/binary"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

const checkpointPrefix = "/tidb/br-stream/checkpoint/"

// checkpoints gathers the global checkpoints of log backup tasks, /tidb/br-stream/checkpoint/<task>/central_global.
// Other keys under the prefix belong to single stores and are not its business.
type checkpoints struct {
	tasks map[string]checkpoint
	// shown is what was published last; nil after a change.
	shown map[string]uint64
}

type checkpoint struct {
	value uint64
	// born is the revision that created the key. An advancer never lowers a checkpoint, so within one life of the
	// key a lower one is a fault; a key made anew belongs to a new task of the same name.
	born int64
}

func newCheckpoints() *checkpoints { return &checkpoints{tasks: make(map[string]checkpoint)} }

func (c *checkpoints) put(kv *mvccpb.KeyValue) error {
	task, ok := checkpointTask(string(kv.Key))
	if !ok {
		return nil
	}
	if len(kv.Value) != 8 {
		return fmt.Errorf("checkpoint has %d bytes instead of 8", len(kv.Value))
	}
	value := binary.BigEndian.Uint64(kv.Value)
	known, ok := c.tasks[task]
	if ok && known.born == kv.CreateRevision && value < known.value {
		return fmt.Errorf("checkpoint goes back from %d to %d", known.value, value)
	}
	c.tasks[task] = checkpoint{value: value, born: kv.CreateRevision}
	c.shown = nil
	return nil
}

func (c *checkpoints) remove(key string) {
	if task, ok := checkpointTask(key); ok {
		delete(c.tasks, task)
		c.shown = nil
	}
}

func (c *checkpoints) show(v *View) {
	if c.shown == nil {
		c.shown = make(map[string]uint64, len(c.tasks))
		for task, known := range c.tasks {
			c.shown[task] = known.value
		}
	}
	v.Checkpoints = c.shown
}

func checkpointTask(key string) (task string, ok bool) {
	task, ok = strings.CutSuffix(strings.TrimPrefix(key, checkpointPrefix), "/central_global")
	return task, ok && task != "" && !strings.Contains(task, "/")
}
