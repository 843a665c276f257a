package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/fault"
)

func newList(c Catalogue) *cobra.Command {
	var managers, faults, workloads bool
	list := &cobra.Command{
		Use:   "list",
		Short: "List the scenarios, or the managers, faults or workloads",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			switch {
			case managers:
				c.listManagers(w)
			case faults:
				listFaults(w)
			case workloads:
				c.listWorkloads(w)
			default:
				c.listScenarios(w)
			}
			_ = w.Flush() // Execute reports a write error
			return nil
		},
	}
	f := list.Flags()
	f.BoolVar(&managers, "managers", false, "list the managers that can be tested")
	f.BoolVar(&faults, "faults", false, "list the faults that a schedule can contain")
	f.BoolVar(&workloads, "workloads", false, "list the workloads that managers can be run with")
	list.MarkFlagsMutuallyExclusive("managers", "faults", "workloads")
	return list
}

func (c Catalogue) listScenarios(w io.Writer) {
	for _, s := range c.Scenarios {
		fmt.Fprintf(w, "%s\t%s\n", s.Name, s.Summary)
		if s.Incident != "" {
			fmt.Fprintf(w, "\t(%s)\n", s.Incident)
		}
	}
}

func (c Catalogue) listManagers(w io.Writer) {
	for _, m := range c.Candidates {
		var names []string
		for _, l := range m.Workloads {
			names = append(names, l.Name)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", m.Name, strings.Join(names, ", "), m.Summary)
	}
}

func listFaults(w io.Writer) {
	for _, d := range fault.All() {
		fmt.Fprintf(w, "%s\n\t%s\n", d.Usage, d.About)
	}
}

func (c Catalogue) listWorkloads(w io.Writer) {
	for _, l := range c.workloads() {
		var kinds []string
		for _, k := range l.Kinds {
			kinds = append(kinds, k.Name)
		}
		fmt.Fprintf(w, "%s\t%s\t(facts: %s)\n", l.Name, l.Summary, strings.Join(kinds, ", "))
	}
}
