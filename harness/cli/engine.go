package cli

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// engine is an engine as the command offers it.
type engine struct {
	name string
	// make makes the engine for one run, in the child process that carries it out.
	make func(t *testing.T, seed uint64) harness.Engine
	// dir returns the directory in which the engine prefers to keep its data. Empty: the directory for temporary files.
	dir func() string
	// atOnce is the number of runs that go on at the same time: one for each processor if a run keeps a processor busy, more if it mostly waits.
	atOnce int
}

const (
	virtualName  = "virtual"
	embeddedName = "embedded"
)

// embeddedAtOnce is how many embedded worlds one processor can run at the same time without missing their timeouts.
const embeddedAtOnce = 2

// engines returns all engines, the default first.
func engines() []engine {
	return []engine{
		{
			name:   virtualName,
			make:   func(t *testing.T, seed uint64) harness.Engine { return virtual.New(t, seed) },
			dir:    (*virtual.Engine)(nil).Dir,
			atOnce: runtime.NumCPU(),
		},
		{
			name:   embeddedName,
			make:   func(*testing.T, uint64) harness.Engine { return embedded.Engine{} },
			dir:    embedded.Engine{}.Dir,
			atOnce: embeddedAtOnce * runtime.NumCPU(),
		},
	}
}

// allEngines is the value of --engine that means every engine. bothEngines is an older name for it.
const (
	allEngines  = "all"
	bothEngines = "both"
)

// findEngines returns the engines that a value of --engine means.
func findEngines(name string) ([]engine, error) {
	if name == allEngines || name == bothEngines {
		return engines(), nil
	}
	var all []string
	for _, e := range engines() {
		if e.name == name {
			return []engine{e}, nil
		}
		all = append(all, e.name)
	}
	return nil, fmt.Errorf("no engine is called %q; there are %s and %s", name, strings.Join(all, ", "), allEngines)
}

func findEngine(name string) (engine, error) {
	found, err := findEngines(name)
	if err != nil {
		return engine{}, err
	}
	return found[0], nil
}
