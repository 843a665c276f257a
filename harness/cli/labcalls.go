package cli

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/lab"
)

// labFlagsOfCaller are the flags of fault and heal, which say where the lab is.
type labFlagsOfCaller struct{ addr, tokenFile string }

// The environment variables of fault and heal.
const (
	labAddress = "STORMWATCH_LAB"
	labToken   = "STORMWATCH_LAB_TOKEN"
)

func (a *labFlagsOfCaller) add(cmd *cobra.Command) {
	usual := os.Getenv(labAddress)
	if usual == "" {
		usual = fmt.Sprintf("http://127.0.0.1:%d", lab.DefaultPort)
	}
	cmd.Flags().StringVar(&a.addr, "addr", usual, "the `URL` of the lab; also in "+labAddress)
	cmd.Flags().StringVar(&a.tokenFile, "token-file", "", "a `file` with the lab's token (default: what "+labToken+" says)")
}

func (a *labFlagsOfCaller) client() (c lab.Client, err error) {
	c = lab.Client{URL: a.addr, Token: os.Getenv(labToken)}
	if !strings.Contains(c.URL, "://") {
		c.URL = "http://" + c.URL
	}
	if a.tokenFile != "" {
		c.Token, err = readToken(a.tokenFile)
	}
	return c, err
}

func newFault() *cobra.Command {
	var a labFlagsOfCaller
	cmd := &cobra.Command{
		Use:     "fault FAULT",
		Short:   "Inject a fault into a lab that runs",
		Long:    "Inject a fault into a lab that runs, see list --faults, and return when it is in force. heal ends it.\nExit status: 0 if it is in force, 2 if not.",
		Example: "  fault 'HangDisk(alpha/leader)'\n  fault 'Blackhole(alpha/watched)' --addr http://127.0.0.1:23790",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.call(cmd, func(ctx context.Context, c lab.Client) ([]lab.InForce, error) {
				injected, err := c.Fault(ctx, args[0])
				return []lab.InForce{injected}, err
			}, "injected")
		},
	}
	a.add(cmd)
	return cmd
}

func newHeal() *cobra.Command {
	var a labFlagsOfCaller
	cmd := &cobra.Command{
		Use:     "heal [FAULT]",
		Short:   "Heal a fault of a lab that runs, or all",
		Long:    "Heal a fault of a lab that runs, as it was asked for or with the names of members, or all of them.\nExit status: 0 if nothing of it is in force any more, 2 if something is wrong.",
		Example: "  heal\n  heal 'HangDisk(alpha/leader)'",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.call(cmd, func(ctx context.Context, c lab.Client) ([]lab.InForce, error) {
				var which lab.Heal
				if len(args) > 0 {
					which.Fault = args[0]
				}
				return c.Heal(ctx, which)
			}, "healed")
		},
	}
	a.add(cmd)
	return cmd
}

// call calls the API of a lab and prints the faults that come back.
func (a *labFlagsOfCaller) call(cmd *cobra.Command, do func(context.Context, lab.Client) ([]lab.InForce, error), what string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	list, err := do(cmd.Context(), c)
	if err != nil {
		return err
	}
	for _, f := range list {
		fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", what, f.Text)
	}
	return nil
}
