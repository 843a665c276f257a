package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
)

func newList(c Catalogue) *cobra.Command {
	var managers, faults, workloads bool
	var results string
	list := &cobra.Command{
		Use:     "list",
		Short:   "List the scenarios, or the managers, faults or workloads",
		Example: "  list\n  list --managers\n  list --faults\n  list --json -",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			entries := c.listScenarios()
			switch {
			case managers:
				entries = c.listManagers()
			case faults:
				entries = listFaults()
			case workloads:
				entries = c.listWorkloads()
			}
			var files outputs
			defer files.end(&err)
			to, out, err := files.results(cmd, results)
			if err != nil {
				return err
			}
			if results != "-" { // else the standard output is for the objects alone
				w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
				for _, e := range entries {
					e.print(w)
				}
				_ = w.Flush() // Execute reports a write error
			}
			for _, e := range entries {
				if to == nil {
					break
				}
				if err := json.NewEncoder(to).Encode(e); err != nil {
					return unfinished{fmt.Errorf("write the list: %w", err)}
				}
			}
			return nil
		},
	}
	f := list.Flags()
	f.BoolVar(&managers, "managers", false, "list the managers that can be tested")
	f.BoolVar(&faults, "faults", false, "list the faults that a schedule can contain")
	f.BoolVar(&workloads, "workloads", false, "list the workloads that managers can be run with")
	f.StringVar(&results, "json", "", "a `file` to write the list to, one JSON object a line; - is the standard output, and nothing else is printed")
	list.MarkFlagsMutuallyExclusive("managers", "faults", "workloads")
	return list
}

// listed is an entry of a list: an object for --json, which prints itself for people.
type listed interface{ print(w io.Writer) }

type listedScenario struct {
	Name     string `json:"name"`
	Summary  string `json:"summary"`
	Incident string `json:"incident,omitempty"`
}

func (s listedScenario) print(w io.Writer) {
	fmt.Fprintf(w, "%s\t%s\n", s.Name, s.Summary)
	if s.Incident != "" {
		fmt.Fprintf(w, "\t(%s)\n", s.Incident)
	}
}

func (c Catalogue) listScenarios() (list []listed) {
	for _, s := range c.Scenarios {
		list = append(list, listedScenario{s.Name, s.Summary, s.Incident})
	}
	return list
}

type listedManager struct {
	Name      string   `json:"name"`
	Summary   string   `json:"summary"`
	Workloads []string `json:"workloads"`
	// Caught is the oracle that must catch the manager's known mistake.
	Caught string `json:"caught,omitempty"`
}

func (m listedManager) print(w io.Writer) {
	fmt.Fprintf(w, "%s\t%s\t%s\n", m.Name, strings.Join(m.Workloads, ", "), m.Summary)
}

func (c Catalogue) listManagers() (list []listed) {
	for _, m := range c.Candidates {
		list = append(list, listedManager{m.Name, m.Summary, workloadNames(m.Workloads), m.Caught})
	}
	return list
}

func workloadNames(workloads []*harness.Workload) []string {
	names := make([]string, len(workloads))
	for i, l := range workloads {
		names[i] = l.Name
	}
	return names
}

type listedFault struct {
	Name  string `json:"name"`
	Usage string `json:"usage"`
	About string `json:"about"`
}

func (d listedFault) print(w io.Writer) { fmt.Fprintf(w, "%s\n\t%s\n", d.Usage, d.About) }

func listFaults() (list []listed) {
	for _, d := range fault.All() {
		list = append(list, listedFault{d.Name, d.Usage, d.About})
	}
	return list
}

type listedWorkload struct {
	Name    string   `json:"name"`
	Summary string   `json:"summary"`
	Kinds   []string `json:"kinds"`
}

func (l listedWorkload) print(w io.Writer) {
	fmt.Fprintf(w, "%s\t%s\t(facts: %s)\n", l.Name, l.Summary, strings.Join(l.Kinds, ", "))
}

func (c Catalogue) listWorkloads() (list []listed) {
	for _, l := range c.workloads() {
		var kinds []string
		for _, k := range l.Kinds {
			kinds = append(kinds, k.Name)
		}
		list = append(list, listedWorkload{l.Name, l.Summary, kinds})
	}
	return list
}
