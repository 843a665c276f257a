package harness_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The guide docs/your-own-manager.md names the tests of its statements. Each must exist.
func TestTheGuideNamesTestsThatExist(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("..", "docs", "your-own-manager.md"))
	require.NoError(t, err)
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(guide), -1)
	require.NotEmpty(t, named)
	var tests strings.Builder
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		tests.Write(source)
		return err
	}))
	for _, name := range named {
		require.Contains(t, tests.String(), "func "+name[1]+"(", "the guide names a test that is not there")
	}
}
