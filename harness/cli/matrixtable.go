package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/stormwatch/stormwatch/harness/record"
)

// The cells of the printed matrix in which no oracle failed.
const (
	cellPassed    = "."
	cellNotAsked  = "-"
	cellNotJudged = "?"
	cellMissing   = " "
)

// print prints the matrix: a row for each scenario, a column for each manager, with a letter for each oracle. Below it come the names of the columns
// and letters, and what is wrong.
func (m *matrix) print(out io.Writer) {
	letters := m.letters()
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprint(w, "SCENARIO\t")
	for i := range m.managers {
		fmt.Fprintf(w, "%d\t", i+1)
	}
	fmt.Fprintln(w)
	for s, row := range m.cells {
		fmt.Fprintf(w, "%s\t", m.scenarios[s].Name)
		for _, c := range row {
			fmt.Fprintf(w, "%s\t", letters.of(c))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
	_ = w.Flush() // Execute reports a write error
	m.printManagers(out)
	fmt.Fprintf(out, "\n%s passed  %s not asked  %s not judged", cellPassed, cellNotAsked, cellNotJudged)
	for _, oracle := range letters.order {
		fmt.Fprintf(out, "  %s %s", letters.letter[oracle], oracle)
	}
	fmt.Fprintln(out)
	for i, c := range m.managers {
		for _, wrong := range m.wrong(i, c) {
			fmt.Fprintf(out, "\n%s\n", wrong)
		}
	}
	for _, row := range m.cells {
		for _, c := range row {
			if c != nil && c.Outcome == record.NotJudged {
				fmt.Fprintf(out, "\n%s\n", c.Result)
			}
		}
	}
}

// printManagers prints a line for each manager: its number, its name, and how many scenarios each oracle caught it in.
func (m *matrix) printManagers(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tMANAGER\tMUST BE CAUGHT BY\tCAUGHT BY")
	for i, c := range m.managers {
		var order []string
		times := map[string]int{}
		for _, row := range m.cells {
			if one := row[i]; one != nil && one.killedBy != "" {
				if times[one.killedBy] == 0 {
					order = append(order, one.killedBy)
				}
				times[one.killedBy]++
			}
		}
		must := "-"
		if c.Caught != "" {
			must = c.Caught
		}
		for j, oracle := range order {
			order[j] = fmt.Sprintf("%s (%d)", oracle, times[oracle])
		}
		by := strings.Join(order, ", ")
		if by == "" {
			by = "-"
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", i+1, c.Name, must, by)
	}
	_ = w.Flush() // Execute reports a write error
}

// letters give each oracle a letter of its own.
type letters struct {
	order  []string
	letter map[string]string
}

// letters gives a letter to each oracle that failed: a letter of its name that no other has, if there is one.
func (m *matrix) letters() letters {
	l := letters{letter: map[string]string{}}
	taken := map[string]bool{}
	for _, row := range m.cells {
		for _, c := range row {
			if c == nil || c.killedBy == "" || l.letter[c.killedBy] != "" {
				continue
			}
			l.order = append(l.order, c.killedBy)
			l.letter[c.killedBy] = freeLetter(c.killedBy, taken)
			taken[l.letter[c.killedBy]] = true
		}
	}
	return l
}

func freeLetter(name string, taken map[string]bool) string {
	for _, r := range name + "abcdefghijklmnopqrstuvwxyz" {
		if letter := string(unicode.ToUpper(r)); unicode.IsLetter(r) && !taken[letter] {
			return letter
		}
	}
	return "*"
}

// of is what is printed for a cell.
func (l letters) of(c *cellOf) string {
	switch {
	case c == nil:
		return cellMissing
	case c.killedBy != "":
		return l.letter[c.killedBy]
	case c.Outcome == record.NotAsked:
		return cellNotAsked
	case c.Outcome == record.NotJudged:
		return cellNotJudged
	}
	return cellPassed
}
