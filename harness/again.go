package harness

import (
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stormwatch/stormwatch/harness/internal/command"
)

// againInTest is the go command that runs a test again, in the module of the test.
func againInTest(t testing.TB) string {
	elements := strings.Split(t.Name(), "/")
	for i, e := range elements {
		elements[i] = "^" + regexp.QuoteMeta(e) + "$"
	}
	return command.Line("go", "test", testPackage(), "-run", strings.Join(elements, "/"), "-count=1")
}

// testPackage is the import path of the package whose test is running, as the build knows it. A build that does not, because another tool
// than the go command made it, is taken to be tested where it is.
func testPackage() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Path == "" || info.Path == "command-line-arguments" {
		return "."
	}
	return strings.TrimSuffix(info.Path, ".test") // a package main has no such suffix
}
