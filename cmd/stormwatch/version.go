package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/version"

	"github.com/stormwatch/stormwatch/harness/replay"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which build this is",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			build := "plain build: a seed decides what is random, the scheduler the order of simultaneous things"
			if replay.Built() {
				build = "replay build: a seed gives one timeline, switch by switch"
			}
			_, err := fmt.Fprintf(c.OutOrStdout(), "stormwatch %s, etcd %s, %s\n%s\n", module(), version.Version, runtime.Version(), build)
			return err
		},
	}
}

// module is the version of the module, as far as the build knows it.
func module() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
