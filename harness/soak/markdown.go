package soak

import (
	"fmt"
	"io"
	"strings"
)

// Markdown prints the summary as Markdown, for the summary of a job. Write errors are ignored, as by Print.
func (s *Summary) Markdown(out io.Writer) {
	fmt.Fprintf(out, "## %s\n\n%s.\n\n%s.\n", inline(strings.ToUpper(s.title()[:1])+s.title()[1:]), inline(s.counts()), s.speed())
	for _, g := range s.Failures {
		fmt.Fprintf(out, "\n### %s%s\n\n%s, first with seed %d: %s\n", status(g.Status), inline(g.Key), plural(g.Count, "run", "runs"), g.Seed, inline(g.Evidence))
		if g.Cause != "" {
			fmt.Fprintf(out, "\nCause: %s\n", inline(g.Cause))
		}
		if g.File != "" {
			fmt.Fprintf(out, "\nShrunk: `%s`, in the directory of the soak.\n", g.File)
		}
		fmt.Fprintf(out, "\n%s\n", indented(g.Again))
	}
	list(out, "Further failures, whose cause was not looked for", s.Unexplained, func(u Unexplained) string { return fmt.Sprintf("%s: %d", u.Oracle, u.Count) })
	list(out, "Gone", s.Gone, inline)
	list(out, "Not judged", s.Unjudged, func(u Unjudged) string {
		return fmt.Sprintf("%s, first with seed %d: %s", plural(u.Count, "run", "runs"), u.Seed, inline(u.Cause))
	})
	for _, t := range []table{s.recoveryTable(), s.boundTable()} {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintf(out, "\n| %s |\n|%s\n", strings.ToLower(strings.Join(t.head, " | ")), strings.Repeat(" --- |", len(t.head)))
		for _, row := range t.rows {
			fmt.Fprintf(out, "| %s |\n", inline(strings.Join(row, " | ")))
		}
	}
}

func list[T any](out io.Writer, head string, items []T, text func(T) string) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(out, "\n### %s\n\n", head)
	for _, item := range items {
		fmt.Fprintf(out, "- %s\n", text(item))
	}
}

// inline keeps the text of a run from being read as Markdown or HTML.
var inline = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`).Replace

// indented makes a block of code of a text.
func indented(text string) string { return "    " + strings.ReplaceAll(text, "\n", "\n    ") }
