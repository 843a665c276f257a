package harness

import (
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stormwatch/stormwatch/harness/internal/command"
)

// againInTest returns the go test command that runs a test again. It is to be run in the module of the test.
func againInTest(t testing.TB) string {
	elements := strings.Split(t.Name(), "/")
	for i, e := range elements {
		elements[i] = "^" + regexp.QuoteMeta(e) + "$"
	}
	return command.Line("go", "test", testPackage(), "-run", strings.Join(elements, "/"), "-count=1")
}

// testPackage returns the import path of the package whose test is running, from the build information. A tool other than the go command may leave
// it out; then the result is the current directory.
func testPackage() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Path == "" || info.Path == "command-line-arguments" {
		return "."
	}
	return strings.TrimSuffix(info.Path, ".test") // a package main has no such suffix
}
