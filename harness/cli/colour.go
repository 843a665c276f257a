package cli

import (
	"io"
	"os"

	"golang.org/x/term"

	"github.com/stormwatch/stormwatch/harness/record"
)

// isTerminal says whether a writer is a terminal.
func isTerminal(out io.Writer) bool {
	f, isFile := out.(*os.File)
	return isFile && term.IsTerminal(int(f.Fd()))
}

// inColour says whether to colour what is printed on a writer: on terminals, unless NO_COLOR (https://no-color.org) is set or the terminal is dumb.
func inColour(out io.Writer) bool {
	return isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// coloured is an outcome's text in its colour: red if it failed, green if it passed, yellow if it was not judged.
func coloured(o record.Outcome, text string) string {
	code := map[record.Outcome]string{record.Failed: "31", record.Passed: "32", record.NotJudged: "33"}[o]
	if code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
