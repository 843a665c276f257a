// Package replay makes a seed replay exactly: the same binary and the same seed give the same timeline, down to each goroutine switch.
//
// Virtual time alone is not enough: the Go scheduler decides the order of simultaneous events, and it depends on random numbers and on
// timing. [Write] makes an overlay for go build, from the user's own Go sources, that changes a few lines of five files of the Go runtime:
//
//	stormwatch overlay DIR ──► DIR/overlay.json ──► go build -overlay DIR/overlay.json ──► a replay build
//
// A process of such a build replays its first run only. It needs one processor and no garbage collection during the run; [Prepare] sets
// both.
package replay

import (
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	_ "unsafe" // for go:linkname
)

// built is a variable of the runtime in a replay build, where it is true. In a plain build only this declaration exists, and it is false.
//
//go:linkname built runtime.stormwatchReplay
var built bool

// state is the state of the sequence from which all random numbers in a bubble are drawn, in the runtime of a replay build.
//
//go:linkname state runtime.stormwatchState
var state uint64

// Built says whether this is a replay build.
func Built() bool { return built }

// kept are the environment variables that a run may depend on.
var kept = []string{"GO_FAILPOINTS", "GODEBUG", "GOTRACEBACK", "GOCOVERDIR"}

// Environment returns the environment with which a process of a replay build must be started to replay exactly: one processor, no garbage
// collection up to a size that only a run which has got out of hand needs, and only those variables of the given environment that a run may depend on. The runtime keeps a copy of each variable, so their
// lengths influence the addresses on the heap.
func Environment(of []string) []string {
	only := []string{"GOMAXPROCS=1", "GOGC=off", "GOMEMLIMIT=4GiB"}
	for _, variable := range of {
		if name, _, _ := strings.Cut(variable, "="); slices.Contains(kept, name) {
			only = append(only, variable)
		}
	}
	return only
}

// Prepare must be called before the run in a replay build. It sets what [Environment] sets, in this process, and seeds the sequence of
// random numbers. It does nothing in a plain build.
func Prepare(seed uint64) {
	if !built {
		return
	}
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(1)
	state = seed
}
