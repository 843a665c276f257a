package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// goVersion is the version of Go, with all its patch releases, whose runtime the edits were written for.
const goVersion = "go1.26"

// edit is a change to one file of the runtime.
type edit struct {
	file    string
	changes []change
	// appended goes to the end of the file.
	appended string
}

// change replaces a text that must occur in the file exactly once.
type change struct{ old, new string }

// inBubble is the condition, in Go, that the current goroutine runs in a synctest bubble.
const inBubble = "mp := getg().m; mp != nil && mp.curg != nil && mp.curg.bubble != nil"

// edits are the changes that exact replay needs. Each was found by comparing the goroutine switches of two runs up to the first difference.
var edits = []edit{
	{
		file: "rand.go",
		changes: []change{
			// All random numbers that are drawn in a bubble, such as those for map order and math/rand, come from one sequence.
			{
				"func rand() uint64 {\n",
				"func rand() uint64 {\n\tif " + inBubble + " {\n\t\treturn stormwatchRand()\n\t}\n",
			},
			// Hash seeds and the random generators of threads start with the same values in every process.
			{
				"\tglobalRand.state.Init(*seed)\n",
				"\tfor i := range seed {\n\t\tseed[i] = byte(i + 1)\n\t}\n\tglobalRand.state.Init(*seed)\n",
			},
		},
		appended: `
// stormwatchReplay says that this runtime was made for exact replay.
//
//go:linkname stormwatchReplay
var stormwatchReplay = true

// stormwatchState is set to the run's seed before its bubble begins.
//
//go:linkname stormwatchState
var stormwatchState uint64

// stormwatchRand is the sequence (SplitMix64) that everything inside a bubble draws from.
//
//go:nosplit
func stormwatchRand() uint64 {
	stormwatchState += 0x9e3779b97f4a7c15
	x := stormwatchState
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// stormwatchRandn is below n, from the sequence for a goroutine of a bubble and from cheaprand for others.
//
//go:nosplit
func stormwatchRandn(n uint32) uint32 {
	if getg().bubble == nil {
		return cheaprandn(n)
	}
	return uint32(stormwatchRand() % uint64(n))
}
`,
	},
	{
		// A select in a bubble checks its cases in an order drawn from the sequence. cheaprand itself is not changed: the runtime also
		// draws from it when threads contend for its locks, which differs from run to run.
		file:    "select.go",
		changes: []change{{"j := cheaprandn(uint32(norder + 1))", "j := stormwatchRandn(uint32(norder + 1))"}},
	},
	{
		// Timers that are due at the same instant fire in an order drawn from the sequence.
		file:    "time.go",
		changes: []change{{"t.rand = cheaprand()", "t.rand = uint32(stormwatchRand() >> 32)"}},
	},
	{
		file: "proc.go",
		changes: []change{
			// The main goroutine is not locked to its thread while packages are initialized. With the lock, a goroutine that an init
			// function waits for runs on another thread, and it is chance whether an idle thread is found or a new one is made. The
			// record of a thread is on the heap, so a new thread changes the addresses of what is allocated after it.
			{"\tlockOSThread()\n\n\tif mp != &m0 {", "\tif gomaxprocs != 1 {\n\t\tlockOSThread()\n\t}\n\n\tif mp != &m0 {"},
			{"\tneedUnlock := true\n", "\tneedUnlock := getg().lockedm != 0\n"},
			{"\tneedUnlock = false\n\tunlockOSThread()\n", "\tif needUnlock {\n\t\tneedUnlock = false\n\t\tunlockOSThread()\n\t}\n"},
			// With one processor, a goroutine keeps the processor during a system call.
			{"func retake(now int64) uint32 {\n\tn := 0\n", "func retake(now int64) uint32 {\n\tn := 0\n\tif gomaxprocs == 1 {\n\t\treturn 0\n\t}\n"},
			{"\tgp.waitsince = 0\n\tgp.preempt = false\n", "\tgp.waitsince = 0\n\tgp.preempt = false\n\tstormwatchRefills = 0\n"},
			// With one processor, the scheduler does not look at the global queue on every 61st switch, since that count includes the
			// switches to the runtime's own goroutines.
			{"if pp.schedtick%61 == 0 && !sched.runq.empty() {", "if gomaxprocs != 1 && pp.schedtick%61 == 0 && !sched.runq.empty() {"},
		},
	},
	{
		// With one processor, a goroutine that allocates a lot without a switch lets the others run, as the runtime else does after ten milliseconds. Some
		// loops wait for another goroutine and never block: gRPC's, when it repeats a request on a transport that is closing.
		file:    "mcache.go",
		changes: []change{{"func (c *mcache) refill(spc spanClass) {\n", "func (c *mcache) refill(spc spanClass) {\n\tif gomaxprocs == 1 {\n\t\tstormwatchRefilled()\n\t}\n"}},
		appended: `
// stormwatchRefills counts the spans that the current goroutine has filled since it was switched to.
var stormwatchRefills int

func stormwatchRefilled() {
	if stormwatchRefills++; stormwatchRefills < 4096 {
		return
	}
	stormwatchRefills = 0
	if gp := getg().m.curg; gp != nil {
		gp.preempt = true
		gp.stackguard0 = stackPreempt
	}
}
`,
	},
	{
		// With one processor, a mutex does not switch to starvation mode, which depends on the wall clock.
		file:    "sema.go",
		changes: []change{{"func internal_sync_nanotime() int64 {\n", "func internal_sync_nanotime() int64 {\n\tif gomaxprocs == 1 {\n\t\treturn 0\n\t}\n"}},
	},
}

// Write writes the overlay for the installed Go to dir, which it creates if needed, and returns the path of the file for go build
// -overlay. If the edits were not written for the installed Go, Write returns an error and writes nothing.
func Write(dir string) (string, error) {
	root, version, err := installed()
	if err != nil {
		return "", err
	}
	return write(dir, root, version)
}

// installed asks the go command for its sources and its version.
func installed() (root, version string, err error) {
	out, err := exec.Command("go", "env", "GOROOT", "GOVERSION").Output()
	if err != nil {
		return "", "", fmt.Errorf("ask the go command where its sources are: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 2 {
		return "", "", fmt.Errorf("go env answered %q, want GOROOT and GOVERSION", out)
	}
	return lines[0], lines[1], nil
}

func write(dir, root, version string) (string, error) {
	if version != goVersion && !strings.HasPrefix(version, goVersion+".") {
		return "", fmt.Errorf("the installed Go is %s; exact replay was made for %s and knows no other runtime", version, goVersion)
	}
	edited := map[string]string{} // by file
	var errs []error
	for _, e := range edits {
		text, err := e.apply(root)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", version, err))
		}
		edited[e.file] = text
	}
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	replace := map[string]string{}
	for _, e := range edits {
		to := filepath.Join(dir, e.file)
		if err := os.WriteFile(to, []byte(edited[e.file]), 0o644); err != nil {
			return "", err
		}
		replace[e.path(root)] = to
	}
	overlay, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, overlay, 0o644)
}

func (e edit) path(root string) string { return filepath.Join(root, "src", "runtime", e.file) }

// apply reads the file and changes it.
func (e edit) apply(root string) (string, error) {
	source, err := os.ReadFile(e.path(root))
	if err != nil {
		return "", err
	}
	text := string(source)
	for _, c := range e.changes {
		if n := strings.Count(text, c.old); n != 1 {
			return "", fmt.Errorf("runtime/%s differs from the one that exact replay was made for: %q stands there %d times, want once", e.file, c.old, n)
		}
		text = strings.Replace(text, c.old, c.new, 1)
	}
	return text + e.appended, nil
}
