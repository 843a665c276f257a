//go:build unix

package harness_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/embedded"
	"github.com/stormwatch/stormwatch/harness/point"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/virtual"
)

// fileLimit is an environment variable. A process in which it is set is a child of the test below.
const fileLimit = "STORMWATCH_TEST_FILE_LIMIT"

// The test limits the size of files, which has the same effect as a full disk, and needs neither root nor another file system. The limit applies to
// the whole process, so each case runs in a child process.
func TestAFullDiskEndsMembersAndNotTheProcess(t *testing.T) {
	engines := map[string]func(*testing.T) harness.Engine{
		"embedded": func(*testing.T) harness.Engine { return embedded.Engine{} },
		"virtual":  func(t *testing.T) harness.Engine { return virtual.New(t, 1) },
	}
	for name, engine := range engines {
		t.Run(name, func(t *testing.T) {
			for _, full := range []struct {
				what, cause string
				limit       uint64
				value       int
			}{
				// The first value does not fit into the raft log.
				{"log", "failed to save Raft hard state and entries", 100 << 10, 200 << 10},
				// A WAL segment has its full 256 KB from the start, and the log then continues in a new one. So with small values the log stays
				// below the limit, and the database reaches it first.
				{"database", "failed to commit tx", 400 << 10, 4 << 10},
			} {
				t.Run(full.what, func(t *testing.T) {
					if os.Getenv(fileLimit) != "" {
						fillTheDisk(t, engine(t), full.limit, full.value, full.cause)
						return
					}
					child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.v", "-test.timeout=1m")
					child.Env = append(os.Environ(), fileLimit+"=yes")
					out, err := child.CombinedOutput()
					require.NoError(t, err, "%s", out)
					require.Contains(t, string(out), "--- PASS: "+t.Name())
				})
			}
		})
	}
}

func fillTheDisk(t *testing.T, e harness.Engine, limit uint64, value int, want string) {
	signal.Ignore(syscall.SIGXFSZ)
	dir, err := os.MkdirTemp(e.Dir(), "stormwatch-full-")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	require.NoError(t, e.Run(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		var mu sync.Mutex
		died := map[string][]error{}
		board := point.NewBoard(e.Timing().Heartbeat, nil)
		spec := harness.Spec{Name: "alpha", Members: 3}
		own := filepath.Join(dir, spec.Name)
		require.NoError(t, os.Mkdir(own, 0o700))
		members, err := e.Start(ctx, spec, harness.Env{
			Timing: e.Timing(), Board: board, Recorder: record.NewRecorder(e.Timing()), Dir: own, Log: zap.NewNop(),
			Died: func(member string, cause error) {
				mu.Lock()
				defer mu.Unlock()
				died[member] = append(died[member], cause)
			},
		})
		require.NoError(t, err)
		lift := limitFiles(t, limit)
		dead := writeUntilOneDies(ctx, t, members, spec.Names(), strings.Repeat("x", value), func() (dead []string) {
			mu.Lock()
			defer mu.Unlock()
			for member := range died {
				dead = append(dead, member)
			}
			return dead
		})
		lift()

		_, err = members.Direct(dead)
		require.ErrorContains(t, err, "member alpha/"+dead+": it is down")
		require.NoError(t, members.Kill(ctx, dead), "which waits until nothing of it runs")
		var restarting errgroup.Group
		for _, name := range spec.Names() { // the other members may have died of the same cause
			if !members.Status(name).Up {
				require.NoError(t, members.Kill(ctx, name))
				restarting.Go(func() error { return members.Restart(ctx, name) })
			}
		}
		require.NoError(t, restarting.Wait())
		require.NoError(t, harness.AwaitLeader(ctx, members, spec, e.Timing().Observe), "its data are good")
		mu.Lock()
		defer mu.Unlock()
		for member, causes := range died {
			require.Len(t, causes, 1, "%s died once", member)
			require.ErrorContains(t, causes[0], "etcd ended itself: "+want+":")
			require.ErrorIs(t, causes[0], syscall.EFBIG)
		}
		board.Close()
		require.NoError(t, members.Close())
	}))
}

func TestBrokenDataAreAnErrorOfTheRestartAndDoNotEndTheProcess(t *testing.T) {
	for _, e := range []harness.Engine{embedded.Engine{}, virtual.New(t, 1)} {
		t.Run(e.Name(), func(t *testing.T) {
			dir := t.TempDir()
			ended := e.Run(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				var mu sync.Mutex
				var died []error
				board := point.NewBoard(e.Timing().Heartbeat, nil)
				defer board.Close()
				members, err := e.Start(ctx, harness.Spec{Name: "alpha", Members: 1}, harness.Env{
					Timing: e.Timing(), Board: board, Recorder: record.NewRecorder(e.Timing()), Dir: dir, Log: zap.NewNop(),
					Died: func(_ string, cause error) {
						mu.Lock()
						defer mu.Unlock()
						died = append(died, cause)
					},
				})
				require.NoError(t, err)
				require.NoError(t, members.Kill(ctx, "m1"))
				logs, err := filepath.Glob(filepath.Join(dir, "m1", "member", "wal", "*.wal"))
				require.NoError(t, err)
				require.NotEmpty(t, logs)
				require.NoError(t, os.WriteFile(logs[0], bytes.Repeat([]byte{7}, 4096), 0o600))
				err = members.Restart(ctx, "m1")
				require.ErrorContains(t, err, "member alpha/m1: etcd ")
				require.Equal(t, harness.Status{}, members.Status("m1"))
				require.NoError(t, members.Close())
				mu.Lock()
				defer mu.Unlock()
				require.LessOrEqual(t, len(died), 1)
			})
			if ended != nil { // the server has left open what it had opened when it died
				require.ErrorContains(t, ended, "goroutines did not end")
				require.ErrorContains(t, ended, "etcd/server/v3/storage/backend")
			}
		})
	}
}

// limitFiles limits the size of files to limit bytes until lift is called.
func limitFiles(t *testing.T, limit uint64) (lift func()) {
	t.Helper()
	var before syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	lower := before
	lower.Cur = limit
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &lower))
	return func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before)) }
}

// writeUntilOneDies writes until a member has died and returns its name.
func writeUntilOneDies(
	ctx context.Context, t *testing.T, m harness.Members, names []string, value string, died func() []string,
) string {
	for i := 0; ctx.Err() == nil; i++ {
		if dead := died(); len(dead) > 0 {
			return dead[0]
		}
		for _, name := range names {
			if direct, err := m.Direct(name); err == nil && m.Status(name).Leads() {
				attempt, cancel := context.WithTimeout(ctx, time.Second)
				_, _ = direct.Put(attempt, "/full/"+string(rune('a'+i%26))+string(rune('a'+i/26%26)), value) // fails when the disk is full
				cancel()
			}
		}
		<-time.After(time.Millisecond)
	}
	require.Fail(t, "nobody died")
	return ""
}
