// Package virtual is the engine of virtual time. It runs the real etcd server, gRPC server and clients in a testing/synctest bubble, where
// the clock jumps to the next timer as soon as every goroutine waits.
//
//	client ──► bufconn ═ link ═► gRPC server ──► EtcdServer ──┬─ transport ─ pipe ═ points ═► EtcdServer of another member
//	           "m1.alpha:2379"                                ├─ storage ──── point wal-save ─► WAL
//	                                                          ├─ applier ──── point apply
//	                                                          └─ peer requests ═ points ═► HTTP handler of another member
//
// etcd is unmodified. The parts on the right replace what etcd does with sockets and disks. Each is put into an unexported field of the
// server before it starts; each such seam has a file of its own (seam_*.go) that says why. Timings are those of production, and raft's
// randomness follows the seed.
package virtual

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/bound"
)

// Engine starts clusters in virtual time. It serves one run.
type Engine struct {
	t    *testing.T
	seed uint64
}

var _ harness.Engine = (*Engine)(nil)

// New makes an engine for one run in a test. Neither the test nor a parent of it may be parallel: until the test ends, the seed decides what
// the whole process draws from crypto/rand.
func New(t *testing.T, seed uint64) *Engine { return &Engine{t: t, seed: seed} }

// Name is "virtual".
func (*Engine) Name() string { return "virtual" }

// Timing is [bound.Production]: in virtual time long timeouts cost nothing.
func (*Engine) Timing() bound.Timing { return bound.Production() }

// Dir is /dev/shm if it is there and writable, else empty. Disk I/O takes no virtual time, but on a real disk it would take wall time.
func (*Engine) Dir() string {
	const memory = "/dev/shm"
	probe, err := os.MkdirTemp(memory, "stormwatch-probe-")
	if err != nil {
		return ""
	}
	if os.Remove(probe) != nil {
		return ""
	}
	return memory
}

// startTimeout is how long a cluster may take to elect its first leader, and a member to serve, before something is wrong.
const startTimeout = time.Minute

// Start starts the members and blocks until all serve and agree on a leader. It must be called by the body of Run, with a ctx that was made
// there: a goroutine that waits for a channel from outside the bubble stops virtual time.
func (*Engine) Start(ctx context.Context, spec harness.Spec, env harness.Env) (harness.Members, error) {
	c := newCluster(spec.Name, env)
	for _, name := range spec.Names() {
		if _, err := c.addFounder(name); err != nil {
			return nil, err
		}
	}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}
