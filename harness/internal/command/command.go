// Package command formats command lines so that they can be pasted into a shell.
package command

import (
	"os"
	"regexp"
	"strings"
)

// failpoints is the environment variable with which failpoints are enabled from outside the program.
const failpoints = "GO_FAILPOINTS"

// Line returns a command line of the given words, each quoted if a shell needs it. If GO_FAILPOINTS is set in this process, the line sets it to the
// same value, since the command would do something else without the same failpoints.
func Line(words ...string) string {
	quoted := make([]string, 0, len(words)+1)
	if enabled := os.Getenv(failpoints); enabled != "" {
		quoted = append(quoted, failpoints+"="+quote(enabled))
	}
	for _, w := range words {
		quoted = append(quoted, Word(w))
	}
	return strings.Join(quoted, " ")
}

// plain matches words that need no quotes in any shell.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// Word returns one word of a command line, quoted if a shell needs it.
func Word(w string) string {
	if plain.MatchString(w) {
		return w
	}
	return quote(w)
}

func quote(w string) string { return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'" }
