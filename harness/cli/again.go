package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

// programName is the name that the command uses for itself in its messages.
func programName() string {
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}

// program returns the first words of a command line that runs this program again in the same directory. They depend on how it was started: by
// go run, by name through PATH, or by the path of a file.
func program() []string {
	self, err := os.Executable()
	if err != nil {
		return []string{os.Args[0]}
	}
	path := "" // the import path; unknown if a tool other than the go command built the program
	if info, ok := debug.ReadBuildInfo(); ok {
		path = info.Path
	}
	return programOf(os.Args[0], self, path)
}

// goRunPath matches the path of a binary that go run started: a temporary directory the first time, the build cache later.
var goRunPath = regexp.MustCompile(`[/\\]go-build\d+[/\\]b\d+[/\\]|[/\\][0-9a-f]{2}[/\\][0-9a-f]{64}-d[/\\]`)

// programOf does the work of program. invoked is the program's first argument, self the path of its file, and path the import path of its main
// package.
func programOf(invoked, self, path string) []string {
	if goRunPath.MatchString(self) {
		// go test builds there too. No command starts a test binary again, so we name the package under test.
		path = strings.TrimSuffix(path, ".test")
		if path == "" || path == "command-line-arguments" { // go run main.go
			path = "."
		}
		return []string{"go", "run", path}
	}
	if found, err := exec.LookPath(filepath.Base(self)); err == nil && sameFile(found, self) {
		return []string{filepath.Base(self)}
	}
	return []string{invoked}
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}
