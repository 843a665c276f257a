// Package virtual is the engine of virtual time: the real etcd server, gRPC server and clients of one run in a testing/synctest bubble,
// where an hour passes as soon as nothing is left to do in it.
//
//	client ──► bufconn ═ link ═► gRPC server ──► EtcdServer ──┬─ transport ─ lane ═ points ═► EtcdServer of another member
//	           "m1.alpha:2379"                                ├─ storage ──── point wal-save ─► WAL
//	                                                          ├─ applier ──── point apply
//	                                                          └─ peer requests ═ points ═► HTTP handler of another member
//
// etcd is unmodified. What it would do with sockets it does with the parts on the right: each is put into an unexported field of the
// server before it starts, and each such seam has a file of its own (seam_*.go) that says why. Timings are production's; raft's
// randomness comes from the seed.
package virtual

import (
	"context"
	"errors"
	"fmt"
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

// New makes an engine for one run in a test, which must be neither parallel nor a part of a parallel one: the seed decides
// what the whole process draws from crypto/rand until the test ends.
func New(t *testing.T, seed uint64) *Engine { return &Engine{t: t, seed: seed} }

// Name is "virtual".
func (*Engine) Name() string { return "virtual" }

// Timing is [bound.Production]: nobody waits for it.
func (*Engine) Timing() bound.Timing { return bound.Production() }

// Dir is a file system in memory where there is one: what a disk takes would count as nothing in virtual time, and still
// take its time by the wall clock.
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

// Start starts the members and returns when all serve and agree on a leader. It must be called by the body of Run, and ctx must have been
// made there: a channel from outside stops the clock of whoever waits for it.
func (*Engine) Start(ctx context.Context, spec harness.Spec, env harness.Env) (harness.Members, error) {
	c := newCluster(spec.Name, env)
	for i := range spec.Members {
		if _, err := c.found(fmt.Sprintf("m%d", i+1)); err != nil {
			return nil, err
		}
	}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}
