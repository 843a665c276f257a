package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/scenarios"
)

func newList() *cobra.Command {
	var managers bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List the scenarios, or the managers that can be run through them",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			if managers {
				for _, m := range scenarios.Managers() {
					fmt.Fprintf(w, "%s\t%s\n", m.Name, m.Summary)
				}
				return w.Flush()
			}
			for _, s := range scenarios.All() {
				fmt.Fprintf(w, "%s\t%s\n\t(%s)\n", s.Name, s.Summary, s.Incident)
			}
			return w.Flush()
		},
	}
	c.Flags().BoolVar(&managers, "managers", false, "list the managers instead of the scenarios")
	return c
}
