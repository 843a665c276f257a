package manager

import (
	"encoding/binary"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

const (
	checkpointPrefix = "/tidb/br-stream/checkpoint/"
	checkpointSuffix = "/central_global"
)

// Checkpoint is the global checkpoint of a log backup task as one write left it.
type Checkpoint struct {
	// Value is a TSO.
	Value uint64
	// Revision is that of the write, Created that of the write that made the key. An advancer never lowers a
	// checkpoint, so within one life of the key, that is for one Created, Value only rises; a key made anew belongs to
	// a new task of the same name.
	Revision, Created int64
}

// checkpoints gathers the global checkpoints of log backup tasks, /tidb/br-stream/checkpoint/<task>/central_global.
// Other keys under the prefix belong to single stores and are not its business.
type checkpoints struct {
	tasks map[string]checkpointState
	// shown and states are what was published last; nil after a change.
	shown  map[string]uint64
	states map[string]checkpointState
}

// checkpointState is what is known of a task: its newest good checkpoint, if there is one, and the write since that
// was none.
type checkpointState struct {
	good    *Checkpoint
	refused *MalformedError
}

func newCheckpoints() *checkpoints { return &checkpoints{tasks: make(map[string]checkpointState)} }

func (c *checkpoints) put(kv *mvccpb.KeyValue) error {
	task, ok := checkpointTask(string(kv.Key))
	if !ok {
		return nil
	}
	if len(kv.Value) != 8 {
		return fmt.Errorf("checkpoint has %d bytes instead of 8", len(kv.Value))
	}
	value := binary.BigEndian.Uint64(kv.Value)
	known := c.tasks[task].good
	if known != nil && known.Created == kv.CreateRevision && value < known.Value {
		return fmt.Errorf("checkpoint goes back from %d to %d", known.Value, value)
	}
	c.set(task, checkpointState{good: &Checkpoint{Value: value, Revision: kv.ModRevision, Created: kv.CreateRevision}})
	return nil
}

func (c *checkpoints) refused(err *MalformedError) {
	if task, ok := checkpointTask(err.Key); ok {
		c.set(task, checkpointState{good: c.tasks[task].good, refused: err})
	}
}

func (c *checkpoints) set(task string, state checkpointState) {
	c.tasks[task] = state
	c.shown = nil
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
		c.states = make(map[string]checkpointState, len(c.tasks))
		for task, known := range c.tasks {
			c.states[task] = known
			if known.good != nil {
				c.shown[task] = known.good.Value
			}
		}
	}
	v.Checkpoints, v.checkpoints = c.shown, c.states
}

func checkpointTask(key string) (task string, ok bool) {
	task, ok = strings.CutPrefix(key, checkpointPrefix)
	if !ok {
		return "", false
	}
	task, ok = strings.CutSuffix(task, checkpointSuffix)
	return task, ok && task != "" && !strings.Contains(task, "/")
}
