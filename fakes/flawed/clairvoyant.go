package flawed

import (
	"strconv"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/fakes/tidb"
	"github.com/stormwatch/stormwatch/harness"
)

// clairvoyant shows each checkpoint for 200 ms and then the next one, before the advancer writes it. So it is never stale.
func clairvoyant() harness.Candidate {
	c := viewCheater("clairvoyant", "Shows the next checkpoint before it is written.", func() change {
		return (&foresight{read: map[string]reading{}}).change
	})
	c.Workloads = []*harness.Workload{tidb.Workload()}
	return c
}

// foresight remembers since when each checkpoint has its value.
type foresight struct {
	mu   sync.Mutex
	read map[string]reading // by cluster and task
}

type reading struct {
	value string
	since time.Time
}

func (f *foresight) change(cluster string, v harness.View, ok bool) (harness.View, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	facts := harness.Facts{}
	for subject, value := range v.Facts {
		facts[subject] = value
		checkpoint, err := strconv.ParseUint(value, 10, 64)
		if subject.Kind != tidb.Checkpoint || err != nil {
			continue
		}
		key := cluster + " " + subject.Name
		if f.read[key].value != value {
			f.read[key] = reading{value, time.Now()}
		}
		if time.Since(f.read[key].since) > 200*time.Millisecond {
			facts[subject] = strconv.FormatUint(checkpoint+1, 10)
		}
	}
	v.Facts = facts
	return v, ok
}
