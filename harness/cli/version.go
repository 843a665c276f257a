package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/version"

	"github.com/stormwatch/stormwatch/harness/replay"
)

func newVersion(program string) *cobra.Command {
	var results string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of this build, and whether it is a replay build",
		Example: "  version\n  version --json -",
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			var files outputs
			defer files.end(&err)
			to, out, err := files.results(c, results)
			if err != nil {
				return err
			}
			v := versionsOf(program)
			if results != "-" { // else the standard output is for the object alone
				fmt.Fprint(out, v)
			}
			if to == nil {
				return nil
			}
			if err := json.NewEncoder(to).Encode(v); err != nil {
				return unfinished{fmt.Errorf("write the versions: %w", err)}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&results, "json", "", "a `file` to write the versions to, as one JSON object; - is the standard output, and nothing else is printed")
	return cmd
}

// module is the path of this project's module. A program of another module lists it among its dependencies.
const module = "github.com/stormwatch/stormwatch"

// build describes this build in words.
func build(program string) string { return versionsOf(program).String() }

// versions are the versions of the program, of the harness in it, of etcd and of Go. Replay says that it is a replay build.
type versions struct {
	Program string `json:"program"`
	Version string `json:"version"`
	// Stormwatch is empty if the program is one of this module, whose version it then is.
	Stormwatch string `json:"stormwatch,omitempty"`
	Etcd       string `json:"etcd"`
	Go         string `json:"go"`
	Replay     bool   `json:"replay"`
}

func versionsOf(program string) versions {
	v := versions{Program: program, Version: "(devel)", Etcd: version.Version, Go: runtime.Version(), Replay: replay.Built()}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v.Version = info.Main.Version
		}
		for _, d := range info.Deps {
			if d.Path == module {
				v.Stormwatch = d.Version
			}
		}
	}
	return v
}

func (v versions) String() string {
	kind := "plain build: a seed decides what is random, the scheduler the order of simultaneous things"
	if v.Replay {
		kind = "replay build: a seed gives one timeline, switch by switch"
	}
	harness := ""
	if v.Stormwatch != "" {
		harness = fmt.Sprintf("stormwatch %s, ", v.Stormwatch)
	}
	return fmt.Sprintf("%s %s, %setcd %s, %s\n%s\n", v.Program, v.Version, harness, v.Etcd, v.Go, kind)
}
