// Package command prints command lines that can be pasted into a shell.
package command

import (
	"os"
	"regexp"
	"strings"
)

// failpoints is the environment variable with the failpoints that are switched on from outside.
const failpoints = "GO_FAILPOINTS"

// Line is a command line of the given words, each quoted if a shell needs it. It begins with GO_FAILPOINTS if that is set in this process,
// since without the same failpoints the command would not do the same.
func Line(words ...string) string {
	quoted := make([]string, 0, len(words)+1)
	if thrown := os.Getenv(failpoints); thrown != "" {
		quoted = append(quoted, failpoints+"="+quote(thrown))
	}
	for _, w := range words {
		quoted = append(quoted, Word(w))
	}
	return strings.Join(quoted, " ")
}

// plain matches words that need no quotes in any shell.
var plain = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// Word is one word of a command line, quoted if a shell needs it.
func Word(w string) string {
	if plain.MatchString(w) {
		return w
	}
	return quote(w)
}

func quote(w string) string { return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'" }
