package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/version"

	"github.com/stormwatch/stormwatch/harness/replay"
)

func newVersion(program string) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the versions of this build, and whether it is a replay build",
		Example: "  version",
		Args:    noArguments,
		Run:     func(c *cobra.Command, _ []string) { fmt.Fprint(c.OutOrStdout(), build(program)) },
	}
}

// module is the path of this project's module. A program of another module lists it among its dependencies.
const module = "github.com/stormwatch/stormwatch"

// build describes this build: the versions of the program, of the harness in it, of etcd and of Go, and whether it is a replay build.
func build(program string) string {
	kind := "plain build: a seed decides what is random, the scheduler the order of simultaneous things"
	if replay.Built() {
		kind = "replay build: a seed gives one timeline, switch by switch"
	}
	own, harness := "(devel)", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			own = info.Main.Version
		}
		for _, d := range info.Deps {
			if d.Path == module {
				harness = fmt.Sprintf("stormwatch %s, ", d.Version)
			}
		}
	}
	return fmt.Sprintf("%s %s, %setcd %s, %s\n%s\n", program, own, harness, version.Version, runtime.Version(), kind)
}
