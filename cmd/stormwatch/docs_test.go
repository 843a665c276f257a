package main

import (
	"bytes"
	"context"
	"errors"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/fault"
)

// root is the folder of this repository, as seen from this package.
const root = "../.."

// documents are those whose commands are run and whose code is looked for. The track record has a test of its own.
var documents = []string{
	"README.md", "CONTRIBUTING.md", "docs/your-own-manager.md", "docs/from-an-incident.md", "docs/architecture.md", "docs/soak.md", "docs/replay.md",
	"docs/nightly.md", "docs/measured.md", "docs/lab.md",
}

// Every command of the documents is run, and ends with the exit status that it should have; what they say that it prints, it prints. What would take long
// is run in a shorter form, by a rule; the log says which. A command that is not run here names the test that stands for it.
func TestWhatTheDocumentsSayToTypeWorks(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out what takes a quarter of a minute")
	}
	absolute, err := filepath.Abs(root)
	require.NoError(t, err)
	var ran atomic.Int32
	mine := sync.OnceValues(func() (string, error) { return buildMine(t, absolute) })
	t.Run("documents", func(t *testing.T) {
		for _, name := range documents {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := &shell{document: name, root: absolute, clone: filepath.Join(t.TempDir(), "stormwatch"), mine: mine}
				require.NoError(t, os.Mkdir(s.clone, 0o755))
				s.follow(t)
				ran.Add(1)
			})
		}
	})
	if int(ran.Load()) < len(documents) { // -run chose some, or one has failed
		return
	}
	for i, r := range shorter {
		_, used := applied.Load(i)
		require.True(t, used, "the rule %q shortens nothing any more: take it out", r.match)
	}
}

// A piece of Go code in a document stands in a Go file of this repository, so it compiles; whole programs are compiled and run.
func TestTheGoCodeOfTheDocumentsIsThatOfTheRepository(t *testing.T) {
	all := pieces(t)
	for _, name := range documents {
		for _, b := range blocks(t, name) {
			switch {
			case b.language != "go":
			case b.about == "":
				require.Contains(t, all, unindented(b.text), "%s: no Go file has this", b)
			default:
				formatted, err := format.Source([]byte(b.text))
				require.NoError(t, err, b)
				require.Equal(t, string(formatted), b.text, "%s is not formatted", b)
			}
		}
	}
}

func TestTheManagerOfTheReadmeIsShort(t *testing.T) {
	for _, b := range blocks(t, "README.md") {
		if b.file() == mineFile {
			require.Less(t, strings.Count(b.text, "\n"), 60, "a stranger types it in a minute, or does not")
			return
		}
	}
	t.Fatalf("README.md has no %s", mineFile)
}

// inline matches code within the text of a document.
var inline = regexp.MustCompile("`([^`]+)`")

func TestFlagsAndFaultsThatTheDocumentsNameExist(t *testing.T) {
	var help bytes.Buffer
	for _, c := range []string{"list", "run", "try", "replay", "shrink", "soak", "merge", "matrix", "explain", "bench", "overlay", "version", "report", "lab", "fault", "heal"} {
		out, code := asStormwatch(t, ".", nil, c, "--help")
		require.Zero(t, code, out)
		help.WriteString(out)
	}
	ours := regexp.MustCompile(`^--[a-z]`)
	call := regexp.MustCompile(`^[A-Z][A-Za-z]+\((alpha|beta)[^)]*\)$`)
	actions := map[string]bool{"Apply": true}
	for _, name := range documents {
		for _, m := range inline.FindAllStringSubmatch(read(t, name), -1) {
			if ours.MatchString(m[1]) {
				flag, _, _ := strings.Cut(strings.Fields(m[1])[0], "=")
				require.Contains(t, help.String(), flag+" ", "%s names a flag that no command has", name)
			}
			if verb, _, _ := strings.Cut(m[1], "("); call.MatchString(m[1]) && !actions[verb] {
				_, err := fault.Parse(m[1])
				require.NoError(t, err, name)
			}
		}
	}
}

// mineFile is the program that README.md shows, and minePackage how a command runs it.
const (
	mineFile    = "mine/main.go"
	minePackage = "go run ./mine "
)

// buildMine compiles the program that README.md shows within this module, as go run does.
func buildMine(t *testing.T, root string) (string, error) {
	dir, err := os.MkdirTemp("", "mine")
	if err != nil {
		return "", err
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, b := range blocks(t, "README.md") {
		if b.file() != mineFile {
			continue
		}
		source := filepath.Join(dir, "main.go")
		if err := os.WriteFile(source, []byte(b.text), 0o600); err != nil {
			return "", err
		}
		binary := filepath.Join(dir, "mine")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, source)
		build.Dir = root
		if out, err := build.CombinedOutput(); err != nil {
			return "", errors.New(string(out))
		}
		return binary, nil
	}
	return "", errors.New("README.md has no " + mineFile)
}

// shell does what a document says, in a folder that stands for the clone.
type shell struct {
	document    string
	root, clone string
	mine        func() (string, error)
	output      string // of the last command
	beside      beside
}

func (s *shell) follow(t *testing.T) {
	defer s.beside.kill()
	// Whoever reads another document has done what the README says.
	for _, b := range blocks(t, "README.md") {
		s.write(t, b)
	}
	for _, b := range blocks(t, s.document) {
		s.write(t, b)
		if b.about == prints {
			b.requirePrinted(t, s.output)
		}
		if b.language != "sh" {
			continue
		}
		dir := s.clone // a cd is for its block
		for _, c := range b.commands() {
			dir = s.run(t, b, dir, c)
		}
	}
	s.beside.end(t)
}

// write writes the file that a block shows, if it shows one.
func (s *shell) write(t *testing.T, b block) {
	t.Helper()
	if b.file() == "" {
		return
	}
	text, why := shorten(s.document, b.text, s.root)
	if why != nil {
		t.Logf("%s: %s in a shorter form: %s", b, b.file(), strings.Join(why, "; "))
	}
	file := filepath.Join(s.clone, b.file())
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

// run runs a command in a folder, and returns the folder of the next one.
func (s *shell) run(t *testing.T, b block, dir string, c documentedCommand) string {
	for _, e := range elsewhere {
		if e.match.MatchString(c.text) {
			t.Logf("%s: not run here: %s (%s)", b, c.text, e.why)
			if e.test != "" {
				require.Contains(t, pieces(t), "func "+e.test+"(", "the test that stands for a command")
			}
			return dir
		}
	}
	if to, ok := strings.CutPrefix(c.text, "cd "); ok {
		return filepath.Join(dir, to)
	}
	if target, ok := strings.CutPrefix(c.text, "make "); ok {
		t.Logf("%s: %s only says what it would do", b, c.text)
		require.Zero(t, s.execute(t, s.root, "make", "-n", target), "%s: %s\n%s", b, c.text, s.output)
		return dir
	}
	line, environment := c.text, []string(nil)
	if name, rest, ok := strings.Cut(line, " "); ok && strings.HasPrefix(name, "GO_FAILPOINTS=") {
		environment, line = []string{strings.ReplaceAll(name, "'", "")}, rest
	}
	program, arguments := split(line)
	short, why := shorten(s.document, arguments, s.root)
	if why != nil {
		t.Logf("%s: %s in a shorter form, %s: %s", b, c.text, short, strings.Join(why, "; "))
	}
	short = s.beside.moved(t, short)
	if c.goesOn {
		s.output = s.beside.start(t, dir, program, words(short))
		return dir
	}
	environment = append(environment, s.beside.environment()...)
	began, code := time.Now(), 0
	switch program {
	case minePackage:
		binary, err := s.mine()
		require.NoError(t, err)
		code = s.execute(t, dir, binary, words(short)...)
	case "":
		w := words(short)
		code = s.execute(t, dir, w[0], w[1:]...)
	default:
		s.output, code = asStormwatch(t, dir, environment, words(short)...)
	}
	t.Logf("%s: %s: %.1fs", b, c.text, time.Since(began).Seconds())
	want := []int{0}
	switch drawn := strings.HasPrefix(short, "soak ") || strings.HasPrefix(short, "merge "); {
	case drawn: // another seed may fail than in the long form
		want = []int{0, 1}
	case c.fails:
		want = []int{1}
	}
	require.Contains(t, want, code, "%s: %s\n%s", b, c.text, s.output)
	return dir
}

// split splits a command line into the program and its arguments. The program is empty if it is none of ours.
func split(line string) (program, arguments string) {
	for _, program := range []string{"go run ./cmd/stormwatch ", "stormwatch ", minePackage} {
		if arguments, ok := strings.CutPrefix(line, program); ok {
			return program, arguments
		}
	}
	return "", line
}

// execute runs a program, keeps what it prints, and returns its exit status.
func (s *shell) execute(t *testing.T, dir, name string, args ...string) (code int) {
	t.Helper()
	s.output, code = execute(t, dir, nil, name, args...)
	return code
}

// asStormwatch runs this test binary as the command, and returns what it prints and its exit status.
func asStormwatch(t *testing.T, dir string, environment []string, args ...string) (output string, code int) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return execute(t, dir, append(environment, asCommand+"=yes"), self, args...)
}

func execute(t *testing.T, dir string, environment []string, name string, args ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env = dir, append(os.Environ(), environment...)
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err, name)
	}
	return string(out), c.ProcessState.ExitCode()
}
