package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stormwatch/stormwatch/harness/names"
)

// The errors of wrong use say what is wanted, and where to read more.

// noArguments refuses every argument.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s takes no argument, and got %q; %s", c.Name(), args[0], seeHelp(c))
}

// oneArgument requires exactly one argument, of which what says what it is.
func oneArgument(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("%s needs %s; %s", c.Name(), what, seeHelp(c))
		case len(args) > 1:
			return fmt.Errorf("%s takes one argument, %s, and got %d; an argument with spaces needs quotes; %s", c.Name(), what, len(args), seeHelp(c))
		}
		return nil
	}
}

// someArguments requires at least one argument, of which what says what they are.
func someArguments(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("%s needs %s; %s", c.Name(), what, seeHelp(c))
		}
		return nil
	}
}

// wrongFlag is the error of a flag that does not exist or cannot have its value.
func wrongFlag(c *cobra.Command, err error) error { return fmt.Errorf("%w; %s", err, seeHelp(c)) }

func seeHelp(c *cobra.Command) string { return "see " + c.CommandPath() + " --help" }

// complete gives the commands of root what they have in common: the program's name in front of each example, and an error for a word after help or
// completion that they do not know.
func complete(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		c.Example = withProgram(root.Name(), c.Name(), c.Example)
		switch c.Name() {
		case "completion":
			var shells []string
			for _, shell := range c.Commands() {
				shells = append(shells, shell.Name())
				shell.Args = noArguments
			}
			c.Example = "  source <(" + root.Name() + " completion bash)"
			c.Args = cobra.ArbitraryArgs // RunE names the shells that there are
			c.RunE = known("shell", shells, func(c *cobra.Command, _ []string) error { return c.Help() })
		case "help":
			var topics []string
			for _, other := range root.Commands() {
				topics = append(topics, other.Name())
			}
			help := c.Run
			c.Run = nil
			c.RunE = known("command", topics, func(c *cobra.Command, args []string) error {
				help(c, args)
				return nil
			})
		}
	}
}

// withProgram puts the program's name in front of the lines of an example that begin with the command's.
func withProgram(program, command, example string) string {
	lines := strings.Split(example, "\n")
	for i, line := range lines {
		if words := strings.TrimSpace(line); words == command || strings.HasPrefix(words, command+" ") {
			lines[i] = "  " + program + " " + words
		}
	}
	return strings.Join(lines, "\n")
}

// known does something if the first argument is a name that exists, or there is none.
func known(sort string, all []string, do func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		for _, name := range all {
			if len(args) == 0 || args[0] == name {
				return do(c, args)
			}
		}
		return names.Unknown(sort, args[0], all)
	}
}
