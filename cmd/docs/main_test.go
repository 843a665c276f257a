package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/cli"
	"github.com/stormwatch/stormwatch/scenarios"
)

func TestMain(m *testing.M) {
	cli.Child(catalogue())
	os.Exit(m.Run())
}

const committed = "../../docs"

// What follows from the matrix comes last on a page, and is not compared: it takes minutes, and chance decides in some cells.
func TestThePagesOfTheScenariosAreThoseThatTheCommandWrites(t *testing.T) {
	dir := t.TempDir()
	var said bytes.Buffer
	require.Zero(t, cli.Execute(t.Context(), catalogue(), []string{"explain", "--all", "--dir", dir}, io.Discard, &said), said.String())
	written, err := os.ReadDir(dir)
	require.NoError(t, err)
	there, err := os.ReadDir(filepath.Join(committed, "scenarios"))
	require.NoError(t, err)
	var want, got []string
	for _, f := range written {
		want = append(want, f.Name())
	}
	for _, f := range there {
		got = append(got, f.Name())
	}
	require.Equal(t, want, got, "make docs makes them anew; a page whose scenario is gone must be deleted by hand")
	for _, name := range want {
		require.Equal(t, read(t, filepath.Join(dir, name)), beforeMatrix(read(t, filepath.Join(committed, "scenarios", name))), "make docs makes %s anew", name)
	}
}

// beforeMatrix is the part of a page that does not follow from a matrix.
func beforeMatrix(page string) string {
	before, _, _ := strings.Cut(page, "\n## How managers fare\n")
	return before
}

func TestTheMatrixInTheDocsHasEveryManagerAndScenario(t *testing.T) {
	page := read(t, filepath.Join(committed, "matrix.md"))
	picture := read(t, filepath.Join(committed, "matrix.svg"))
	for _, m := range scenarios.Managers() {
		require.Contains(t, picture, ">"+m.Name+"</text>", "make docs draws it anew")
		if m.Caught != "" {
			require.Contains(t, page, "| `"+m.Name+"` | "+m.Summary+" | "+m.Caught+" | `", "make docs writes it anew")
		}
	}
	for _, s := range scenarios.All() {
		require.Contains(t, picture, ">"+s.Name+"</text>", "make docs draws it anew")
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

// Chance decides which members take part, so the picture is not compared letter by letter.
func TestThePictureOfTheReadmeShowsWhatTheScenarioShowsToday(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, writePicture(t.Context(), dir))
	for _, picture := range []string{read(t, filepath.Join(dir, hungLeader)), read(t, filepath.Join(committed, hungLeader))} {
		require.Less(t, len(picture), 150_000)
		for _, text := range []string{"hung, still believes it leads", "stood still for ", "✗ freshness", `<path class="over"`, "“up to date”"} {
			require.Contains(t, picture, text, "make docs-picture draws it anew")
		}
	}
}
