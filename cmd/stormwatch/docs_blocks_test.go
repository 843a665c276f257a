package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the line that opens a block may say besides the name of a file.
const (
	prints  = "prints"
	picture = "imports"
)

// A block is one fenced block of a document. The line that opens it says what it is:
//
//	sh             commands, one a line; " # fails" begins the comment of one that must end with exit status 1, and " # until Ctrl-C" that of one which
//	               goes on beside those that follow, see [beside]
//	text FILE      a file, written to where the commands of the document run
//	text prints    lines that the last command prints, in this order; an ellipsis at the end of a line stands for its rest
//	text imports   the picture of the imports, see [levels]
//	text           something to look at, which is not checked
//	go FILE        a whole Go file, written as text FILE is
//	go             a piece of Go code, which must stand in a Go file of this repository
type block struct {
	document string
	line     int // of the line that opens it
	language string
	about    string // a file, one of the constants, or nothing
	text     string
}

// file is the file that the block shows; empty if it shows none.
func (b block) file() string {
	if b.about == prints || b.about == picture {
		return ""
	}
	return b.about
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.document, b.line) }

// blocks returns the blocks of a document. Code that is indented and not fenced is an error, since nobody says what it is.
func blocks(t *testing.T, document string) []block {
	t.Helper()
	var list []block
	var open *block
	blank := false
	for i, line := range strings.Split(read(t, document), "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && open == nil:
			language, about, _ := strings.Cut(fence, " ")
			open = &block{document: document, line: i + 1, language: language, about: about}
			require.Contains(t, []string{"sh", "text", "go"}, language, "%s: a block must say what it is", open)
		case isFence:
			list = append(list, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		default:
			require.False(t, blank && strings.HasPrefix(line, "    "), "%s:%d: fence this code, and say what it is", document, i+1)
		}
		blank = strings.TrimSpace(line) == ""
	}
	require.Nil(t, open, "%s ends in a block", document)
	return list
}

// documentedCommand is a command of a block of commands.
type documentedCommand struct {
	text   string // without its comment
	fails  bool
	goesOn bool // until Ctrl-C
}

// commands returns the commands of a block. A backslash at the end of a line continues it.
func (b block) commands() []documentedCommand {
	var list []documentedCommand
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		text, comment, _ := strings.Cut(strings.TrimSpace(line), " #")
		if text = strings.TrimSpace(text); text != "" && !strings.HasPrefix(text, "#") {
			comment = strings.TrimSpace(comment)
			list = append(list, documentedCommand{text, strings.HasPrefix(comment, "fails"), strings.HasPrefix(comment, "until Ctrl-C")})
		}
	}
	return list
}

// figure is what may differ between two runs: the order of simultaneous events decides some figures.
var figure = regexp.MustCompile(`\d+(\.\d+)?`)

// requirePrinted checks that the lines of a block are among those of an output, in this order, whatever their figures.
func (b block) requirePrinted(t *testing.T, output string) {
	t.Helper()
	printed := strings.Split(shape(output), "\n")
	for line := range strings.Lines(b.text) {
		want := strings.TrimSpace(shape(line))
		begin, open := strings.CutSuffix(want, " …")
		for {
			require.NotEmpty(t, printed, "%s: the command does not print, in this order, %q; it prints\n%s", b, line, output)
			next := strings.TrimSpace(printed[0])
			printed = printed[1:]
			if next == want || open && strings.HasPrefix(next, begin) {
				break
			}
		}
	}
}

// shape is a text without its figures and with single spaces.
func shape(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.Join(strings.Fields(figure.ReplaceAllString(line, "0")), " ")
		lines = append(lines, strings.ReplaceAll(line, "[ ", "[")) // instants are padded to one width
	}
	return strings.Join(lines, "\n")
}

// pieces are the lines of all Go files of the repository, without indentation.
func pieces(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	require.NoError(t, filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		source, err := os.ReadFile(path)
		all.WriteString(unindented(string(source)))
		return err
	}))
	return all.String()
}

func unindented(source string) string {
	var lines strings.Builder
	for line := range strings.Lines(source) {
		lines.WriteString(strings.TrimSpace(line) + "\n")
	}
	return lines.String()
}
