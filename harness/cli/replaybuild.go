package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/stormwatch/stormwatch/harness/replay"
)

// In a plain build the Go scheduler varies the order of simultaneous events, so a seed that failed once need not fail again. A command whose runs
// should replay therefore makes a replay build of its own program, and starts its children from that:
//
//	this process ──► go list: the main package ──► overlay ──► go build -overlay ──► USER CACHE/stormwatch/replay/PROGRAM-HASH

// plainFlag is the value of the flag --plain of the commands whose runs are to replay.
type plainFlag struct{ plain bool }

func (p *plainFlag) add(f *pflag.FlagSet) {
	f.BoolVar(&p.plain, "plain", false, "run in this build and do not make a replay build of it: a seed then may not replay switch by switch")
}

// worker returns what makes the runs of a command: with a replay build if there can be one, unless the user or the engine wants none. It blocks
// while the build goes on. The end of ctx ends the build.
func (p *plainFlag) worker(ctx context.Context, c Catalogue, engines []engine, progress io.Writer) worker {
	w := worker{catalogue: c}
	if p.plain || !slices.ContainsFunc(engines, func(e engine) bool { return e.name == virtualName }) {
		return w
	}
	w.binary = replayBinary(ctx, progress)
	return w
}

// replayBinary returns a replay build of this program, for a worker. It is empty if the children are to be started from the file of this process:
// because that is a replay build, or because none can be made. In the latter case a warning says why, unless ctx has ended:
// the command then makes no runs, and says so itself.
// It blocks while the build goes on: seconds, or minutes the first time, when the Go runtime and everything above it is built.
func replayBinary(ctx context.Context, progress io.Writer) string {
	if replay.Built() || ctx.Err() != nil {
		return ""
	}
	fmt.Fprintln(progress, "making the replay build of this program; the first time it may take minutes")
	path, err := selfBuild().make(ctx)
	switch {
	case ctx.Err() != nil:
		return ""
	case err != nil:
		fmt.Fprintf(progress, "warning: no replay build, so a seed may not replay switch by switch: %v\n", err)
		return ""
	}
	return path
}

// replayBuild is a program of which a replay build is to be made.
type replayBuild struct {
	// main is the import path of the main package. dir is the directory in which the go command knows it; empty: the current one.
	main, dir string
	// tags are the build tags.
	tags string
	// cache is the directory for the builds; empty: one for this user.
	cache string
	// unknown says why a program cannot be built; nil if it can.
	unknown error
}

// selfBuild describes the program of this process, from its build information.
func selfBuild() replayBuild {
	info, ok := debug.ReadBuildInfo()
	switch {
	case testing.Testing():
		return replayBuild{unknown: errors.New("this is the binary of a test, which cannot build itself anew; make test-replay makes one with the overlay")}
	case !ok || info.Path == "":
		return replayBuild{unknown: errors.New("this program does not say which main package it was built from")}
	case info.Path == "command-line-arguments":
		return replayBuild{unknown: errors.New("this program was built from named files; go run . names the package instead")}
	}
	b := replayBuild{main: info.Path}
	for _, s := range info.Settings {
		if s.Key == "-tags" {
			b.tags = s.Value
		}
	}
	return b
}

// make builds the program and returns the path of the file. The file's name contains a hash of its content: a process that still starts children
// from an older build is not disturbed, nor is one that builds at the same time.
func (b replayBuild) make(ctx context.Context) (path string, err error) {
	if b.unknown != nil {
		return "", b.unknown
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "", errors.New("no Go toolchain is on the PATH")
	}
	name, err := b.command(ctx, "go", "list", "-tags="+b.tags, "-f", "{{.Name}}", "--", b.main)
	if err != nil {
		return "", fmt.Errorf("the sources of %s are not to be had in this directory: %w", b.main, err)
	}
	if name != "main" {
		return "", fmt.Errorf("%s is package %s, want main", b.main, name)
	}
	cache := b.cache
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(user, "stormwatch", "replay")
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	sweepBuilds(cache)
	work, err := os.MkdirTemp(cache, "building-")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	overlay, err := replay.Write(filepath.Join(work, "overlay"))
	if err != nil {
		return "", err
	}
	built := filepath.Join(work, "built")
	// With these flags the build is the same on every machine. It contains neither a path, nor code of a C compiler, nor the state of a repository.
	_, err = b.command(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags="+b.tags, "-overlay="+overlay, "-o="+built, "--", b.main)
	if err != nil {
		return "", err
	}
	hash, err := hashOf(built)
	if err != nil {
		return "", err
	}
	path = filepath.Join(cache, pathBase(b.main)+"-"+hash)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if used := os.Chtimes(path, time.Time{}, time.Now()); used == nil {
		return path, nil // it was built before
	}
	return path, os.Rename(built, path)
}

// command runs a command and returns what it prints. An error contains what it printed to its standard error.
func (b replayBuild) command(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, args[0], err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// pathBase is the last element of an import path.
func pathBase(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// hashOf returns the beginning of a hash of a file's content, in hexadecimal digits.
func hashOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8]), nil
}

// buildLife is how long a build is kept after its last use.
const buildLife = 14 * 24 * time.Hour

// sweepBuilds removes builds that nobody has used for long, and what builds that were killed have left behind. A file that cannot be removed stays:
// it is in nobody's way.
func sweepBuilds(cache string) {
	entries, _ := os.ReadDir(cache)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > buildLife {
			_ = os.RemoveAll(filepath.Join(cache, e.Name()))
		}
	}
}
