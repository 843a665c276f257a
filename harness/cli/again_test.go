package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// The words that program returns start the same program when they are typed where they were printed.
func TestAProgramIsNamedAsItCanBeStartedAgain(t *testing.T) {
	dir := t.TempDir()
	file := func(path ...string) string {
		name := filepath.Join(append([]string{dir}, path...)...)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte("#!/bin/sh\n"), 0o700))
		return name
	}
	inPath, elsewhere := file("bin", "mine"), file("work", "mine")
	require.NoError(t, os.Symlink(inPath, filepath.Join(dir, "work", "linked")))
	t.Setenv("PATH", filepath.Join(dir, "bin"))
	built := "/tmp/go-build1234025076/b001/exe/mine"
	cached := "/home/me/.cache/go-build/af/af9eb9ca76f7d4fb453cf8d915ea2d5d7491f5c17f0c3b0fc2d6613876b908aa-d/mine"
	for name, c := range map[string]struct {
		invoked, self, path string
		want                []string
	}{
		"in PATH":                       {"mine", inPath, "example.com/mine", []string{"mine"}},
		"in PATH, by its path":          {inPath, inPath, "example.com/mine", []string{"mine"}},
		"another of that name in PATH":  {"./mine", elsewhere, "example.com/mine", []string{"./mine"}},
		"go run for the first time":     {built, built, "example.com/mine", []string{"go", "run", "example.com/mine"}},
		"go run out of the build cache": {cached, cached, "example.com/mine", []string{"go", "run", "example.com/mine"}},
		"go run of a file":              {built, built, "command-line-arguments", []string{"go", "run", "."}},
		"go test":                       {"/tmp/go-build1/b001/mine.test", "/tmp/go-build1/b001/mine.test", "example.com/mine.test", []string{"go", "run", "example.com/mine"}},
		"built by another tool":         {"./mine", elsewhere, "", []string{"./mine"}},
	} {
		require.Equal(t, c.want, programOf(c.invoked, c.self, c.path), name)
	}
}
