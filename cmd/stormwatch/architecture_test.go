package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	architecture = "docs/architecture.md"
	module       = "github.com/stormwatch/stormwatch/"
)

// levels reads the picture of the imports: for each package, the line it stands in.
func levels(t *testing.T) map[string]int {
	t.Helper()
	level := map[string]int{}
	for _, b := range blocks(t, architecture) {
		if b.about != picture {
			continue
		}
		for i, line := range strings.Split(b.text, "\n")[1:] { // after the heads of the columns
			for name := range strings.FieldsSeq(line) {
				require.NotContains(t, level, name, "a package stands in one line")
				level[name] = i
			}
		}
	}
	require.NotEmpty(t, level, "%s has no picture of the imports", architecture)
	return level
}

// imports returns what each package of this module imports of it, without its tests.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, top := range []string{"cmd", "fakes", "harness", "manager", "scenarios"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, top), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			dir, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil {
				return err
			}
			name := filepath.ToSlash(dir)
			if _, known := all[name]; !known {
				all[name] = nil // a package without imports is one too
			}
			for _, i := range file.Imports {
				imported, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					return err
				}
				if ours, ok := strings.CutPrefix(imported, module); ok {
					all[name] = append(all[name], ours)
				}
			}
			return nil
		}))
	}
	return all
}

// forTestsOnly is a package that no program imports.
const forTestsOnly = "manager/internal/etcdtest"

func TestImportsPointDownward(t *testing.T) {
	level, all := levels(t), imports(t)
	for name, imported := range all {
		if name == forTestsOnly {
			continue
		}
		require.Contains(t, level, name, "%s does not show this package: put it above what it imports, which is %v", architecture, imported)
		for _, other := range imported {
			require.Contains(t, level, other, "%s does not show this package, which %s imports", architecture, name)
			require.Less(t, level[name], level[other], "%s imports %s, which %s does not show below it", name, other, architecture)
		}
	}
	for name := range level {
		require.Contains(t, all, name, "%s shows a package that is not there", architecture)
	}
}

func TestTheSidesImportOnlyWhatTheyMay(t *testing.T) {
	never := map[string]*regexp.Regexp{
		"harness":       regexp.MustCompile(`^(fakes|scenarios|manager|cmd)\b`),
		"manager":       regexp.MustCompile(`^(harness|fakes|scenarios|cmd)\b`),
		"manager/guard": regexp.MustCompile(`.`),
		"fakes":         regexp.MustCompile(`^(manager|scenarios|cmd)\b`),
		"scenarios":     regexp.MustCompile(`^cmd\b`),
	}
	for name, imported := range imports(t) {
		for side, not := range never {
			if name != side && !strings.HasPrefix(name, side+"/") {
				continue
			}
			for _, other := range imported {
				require.NotRegexp(t, not, other, "imported by %s", name)
			}
		}
	}
}

// Code in a text of the page that looks like a Go file is one.
func TestTheArchitectureNamesFilesThatExist(t *testing.T) {
	named := regexp.MustCompile("`([a-z_/]+\\.go)`").FindAllStringSubmatch(read(t, architecture), -1)
	require.NotEmpty(t, named)
	for _, m := range named {
		require.FileExists(t, filepath.Join(root, m[1]))
	}
}
