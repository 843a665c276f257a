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

// engine is one that runs can be made on.
type engine struct {
	name string
	// make makes the engine for one run, in the child process that carries it out.
	make func(t *testing.T, seed uint64) harness.Engine
	// dir is where its data are best kept; empty: where temporary files are.
	dir func() string
	// atOnce is how many runs go on side by side: one a processor where a run keeps it busy, more where it mostly waits.
	atOnce int
}

const (
	virtualName  = "virtual"
	embeddedName = "embedded"
)

// embeddedAtOnce is how many embedded worlds a processor carries at a time without that their timeouts are missed.
const embeddedAtOnce = 2

// engines are the ones that there are, the default first.
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

// allEngines is the name of all of them, and bothEngines another for it, from when there were two.
const (
	allEngines  = "all"
	bothEngines = "both"
)

// findEngines are the engines that a name means.
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
