package tidb

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/stormwatch/stormwatch/manager/guard"
)

const (
	checkpointPrefix = "/tidb/br-stream/checkpoint/"
	checkpointSuffix = "/central_global"
)

// Checkpoint is the global checkpoint of a log backup task, as one write set it.
type Checkpoint struct {
	// Value is a TSO.
	Value uint64
	// Revision is the revision of the write, Created that of the write that created the key. An advancer never lowers a
	// checkpoint, so Value only rises as long as Created and History are the same. A key that was created again belongs to a
	// new task with the same name.
	Revision, Created int64
	// History is how often the cluster was found restored from a backup, which also brings an old checkpoint back.
	History int
}

// checkpoints collects the global checkpoints of log backup tasks. Other keys under the prefix belong to single stores
// and are ignored.
type checkpoints struct {
	tasks map[string]checkpointState
	// history is the history of the cluster that the tasks are of.
	history int
}

// checkpointState is what is known of a task: its newest valid checkpoint, if there is one, and the newer write that was not
// valid, if there is one.
type checkpointState struct {
	good    *Checkpoint
	refused *MalformedError
	// revision is the revision of the last write that was read.
	revision int64
}

// refusal is a value that cannot be used.
type refusal struct {
	key      string
	revision int64
	err      error
}

func newCheckpoints() *checkpoints { return &checkpoints{tasks: make(map[string]checkpointState)} }

// take updates the checkpoints from all keys under the prefix. It returns what is known of each task and the errors, made by
// malformed, for values that cannot be used.
func (c *checkpoints) take(
	watched guard.Snapshot, malformed func(refusal) *MalformedError,
) (known map[string]checkpointState, refused []*MalformedError) {
	known = make(map[string]checkpointState)
	if watched.History != c.history {
		c.history = watched.History
		clear(c.tasks) // equal revisions are those of other writes now
	}
	for key, value := range watched.Values {
		task, ok := checkpointTask(key)
		if !ok {
			continue
		}
		state := c.tasks[task]
		if state.revision != value.ModRevision {
			state.revision = value.ModRevision
			if state.good != nil && state.good.Created != value.CreateRevision {
				state.good = nil
			}
			next, err := state.next(value)
			if err != nil {
				state.refused = malformed(refusal{key: key, revision: value.ModRevision, err: err})
				refused = append(refused, state.refused)
			} else {
				next.History = c.history
				state.good, state.refused = next, nil
			}
		}
		known[task] = state
	}
	c.tasks = known
	return known, refused
}

// next parses a checkpoint that was written after the one known. It must not be lower if the key was not created again.
func (s checkpointState) next(value guard.Value) (*Checkpoint, error) {
	if len(value.Value) != 8 {
		return nil, fmt.Errorf("checkpoint has %d bytes instead of 8", len(value.Value))
	}
	next := &Checkpoint{
		Value: binary.BigEndian.Uint64([]byte(value.Value)), Revision: value.ModRevision, Created: value.CreateRevision,
	}
	if s.good != nil && next.Value < s.good.Value {
		return nil, fmt.Errorf("checkpoint goes back from %d to %d", s.good.Value, next.Value)
	}
	return next, nil
}

func checkpointTask(key string) (task string, ok bool) {
	task, ok = strings.CutPrefix(key, checkpointPrefix)
	if !ok {
		return "", false
	}
	task, ok = strings.CutSuffix(task, checkpointSuffix)
	return task, ok && task != "" && !strings.Contains(task, "/")
}
