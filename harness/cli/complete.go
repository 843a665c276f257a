package cli

import (
	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/fault"
)

// What a shell offers after the Tab key.

// offer returns a completion of names, each of which may have a description after it.
func offer(list ...cobra.Completion) cobra.CompletionFunc {
	return cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
}

// offerFlags lets the shell complete the values of the flags of a command that have one of these names.
func offerFlags(c Catalogue, cmd *cobra.Command) {
	var faults []cobra.Completion
	for _, d := range fault.All() {
		faults = append(faults, cobra.CompletionWithDesc(d.Name, d.About))
	}
	engine := []cobra.Completion{virtualName, embeddedName}
	for name, list := range map[string][]cobra.Completion{
		"manager": c.offerManagers(), "managers": c.offerManagers(), "scenario": c.offerScenarios(),
		"engine": engine, "fault": faults, "transcript": {transcriptPlain, transcriptFull},
	} {
		if cmd.Flags().Lookup(name) != nil {
			_ = cmd.RegisterFlagCompletionFunc(name, offer(list...)) // the flag is there, and has none yet
		}
	}
}

func (c Catalogue) offerScenarios() []cobra.Completion {
	list := make([]cobra.Completion, len(c.Scenarios))
	for i, s := range c.Scenarios {
		list[i] = cobra.CompletionWithDesc(s.Name, s.Summary)
	}
	return list
}

func (c Catalogue) offerManagers() []cobra.Completion {
	list := make([]cobra.Completion, len(c.Candidates))
	for i, m := range c.Candidates {
		list[i] = cobra.CompletionWithDesc(m.Name, m.Summary)
	}
	return list
}
