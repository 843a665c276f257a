// Package replay makes a seed replay exactly: the same binary and the same seed give the same timeline, switch by switch.
//
// Virtual time alone does not: the order in which simultaneous things happen is the Go scheduler's, and it draws from the machine. [Write]
// makes an overlay for go build that changes a few lines of five files of the Go runtime, from the user's own Go sources:
//
//	stormwatch overlay DIR ──► DIR/overlay.json ──► go build -overlay DIR/overlay.json ──► a replay build
//
// A process of such a build replays its first run. It needs one processor and no garbage collection while it runs, which [Prepare]
// sees to.
package replay

import (
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	_ "unsafe" // for go:linkname
)

// built is defined, and true, in the runtime of a replay build. In a plain build there is only this declaration of it.
//
//go:linkname built runtime.stormwatchReplay
var built bool

// state is where the sequence that everything random in a bubble is drawn from stands, in the runtime of a replay build.
//
//go:linkname state runtime.stormwatchState
var state uint64

// Built says whether this is a replay build.
func Built() bool { return built }

// kept are the environment variables that a run may read.
var kept = []string{"GO_FAILPOINTS", "GODEBUG", "GOTRACEBACK", "GOCOVERDIR"}

// Environment is what a process must be given of an environment to replay exactly from its first instant on: a single processor, no
// garbage collection, and no variable that a run does not read, since the runtime keeps a copy of each and so lays out memory by their
// lengths. In a plain build it is the environment itself.
func Environment(of []string) []string {
	if !built {
		return of
	}
	only := []string{"GOMAXPROCS=1", "GOGC=off"}
	for _, variable := range of {
		if name, _, _ := strings.Cut(variable, "="); slices.Contains(kept, name) {
			only = append(only, variable)
		}
	}
	return only
}

// Prepare gives a replay build what exact replay needs for the process's one run, as [Environment] does, and draws that follow from the
// seed. It does nothing in a plain build.
func Prepare(seed uint64) {
	if !built {
		return
	}
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(1)
	state = seed
}
