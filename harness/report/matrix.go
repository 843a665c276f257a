package report

import (
	"fmt"
	"io"
	"strings"
)

// Manager is what a document says of a manager besides its cells.
type Manager struct {
	// Name is its name, Summary one sentence, and Caught the oracle that names its mistake; empty if no mistake is known.
	Name, Summary, Caught string
}

// ManagersTable writes a table in Markdown: a row for each manager with a known mistake, with what it forgot, the oracle that must catch it, and in how many
// scenarios that one and others did. all are the managers of the matrix.
func (m Matrix) ManagersTable(to io.Writer, all []Manager) {
	fmt.Fprintf(to, "| manager | its mistake | the oracle that names it | caught by it in | caught by others in |\n| --- | --- | --- | --- | --- |\n")
	for _, one := range all {
		if one.Caught == "" {
			continue
		}
		var by, others []string
		for _, s := range m.Scenarios {
			switch c, _ := m.Cell(s, one.Name); c.KilledBy {
			case "":
			case one.Caught:
				by = append(by, s)
			default:
				others = append(others, s)
			}
		}
		fmt.Fprintf(to, "| `%s` | %s | %s | %s | %s |\n", one.Name, one.Summary, one.Caught, few(by), count(len(others)))
	}
}

// few names up to three, and says how many more there are.
func few(names []string) string {
	const most = 3
	if len(names) == 0 {
		return "-"
	}
	text := "`" + strings.Join(names[:min(most, len(names))], "`, `") + "`"
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func count(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// Scenario writes, as a list in Markdown, how the managers of the matrix fared in one scenario.
func (m Matrix) Scenario(to io.Writer, scenario string, all []Manager) {
	var passed, caught, others []string
	for _, one := range all {
		c, ok := m.Cell(scenario, one.Name)
		switch {
		case !ok:
		case c.KilledBy == "" && one.Caught == "" && c.Outcome == "passed":
			passed = append(passed, "`"+one.Name+"`")
		case c.KilledBy == "":
		case c.KilledBy == one.Caught:
			caught = append(caught, fmt.Sprintf("- `%s`, by *%s*. %s", one.Name, c.KilledBy, one.Summary))
		default:
			others = append(others, fmt.Sprintf("`%s` (%s)", one.Name, c.KilledBy))
		}
	}
	if len(passed) > 0 {
		fmt.Fprintf(to, "Without a known mistake, and passed: %s.\n", strings.Join(passed, ", "))
	}
	if len(caught) > 0 {
		fmt.Fprintf(to, "\nCaught, by the oracle that names the mistake:\n\n%s\n", strings.Join(caught, "\n"))
	}
	if len(others) > 0 {
		fmt.Fprintf(to, "\nCaught by another oracle: %s.\n", strings.Join(others, ", "))
	}
}
