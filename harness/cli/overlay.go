package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/replay"
)

func newOverlay() *cobra.Command {
	return &cobra.Command{
		Use:   "overlay DIR",
		Short: "Write the overlay that makes a replay build",
		Long: "Write to DIR what go build -overlay needs to build this command, or your tests, so that a seed replays exactly.\n" +
			"It is made from the sources of the installed Go. A version of Go that it does not know is refused.",
		Example: "  go run . overlay .build/overlay\n" +
			"  CGO_ENABLED=0 go build -trimpath -overlay .build/overlay/overlay.json -o .build/mine .",
		Args: oneArgument("a directory to write to, such as .build/overlay"),
		RunE: func(c *cobra.Command, args []string) error {
			path, err := replay.Write(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), path)
			return nil
		},
	}
}
