package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

// programName is what the command is called in its own messages.
func programName() string {
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}

// program is the beginning of a command line that runs this program again, here, whichever way it was started.
func program() []string {
	self, err := os.Executable()
	if err != nil {
		return []string{os.Args[0]}
	}
	path := "" // unknown if another tool than the go command built it
	if info, ok := debug.ReadBuildInfo(); ok {
		path = info.Path
	}
	return programOf(os.Args[0], self, path)
}

// temporary is where go run puts what it builds the first time, and where it finds it in the build cache later.
var temporary = regexp.MustCompile(`[/\\]go-build\d+[/\\]b\d+[/\\]|[/\\][0-9a-f]{2}[/\\][0-9a-f]{64}-d[/\\]`)

// programOf is program, of one that was invoked by a name, is a file, and was built of the package with an import path.
func programOf(invoked, self, path string) []string {
	if temporary.MatchString(self) {
		// A test binary is there too; the package that is tested is as near as one can come.
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
