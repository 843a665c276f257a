package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/stormwatch/stormwatch/harness/replay"
	"github.com/stormwatch/stormwatch/harness/schedule/draw"
	"github.com/stormwatch/stormwatch/scenarios"
)

var drawn = flag.Int("drawn", 0, "how many drawn schedules to replay in differing surroundings")

// asCommand is an environment variable. In a process in which it is set, the test binary is the command.
const asCommand = "STORMWATCH_TEST_AS_COMMAND"

// The timeline of a drawn schedule depends on nothing that differs between two machines or two users: not on the path of the binary, the current
// directory, the directory for temporary files, the home, the other variables, or how busy the machine is. make test-replay-soak runs it.
func TestADrawnScheduleReplaysInOtherSurroundings(t *testing.T) {
	if !replay.Built() {
		t.Skip("a timeline needs a replay build: make test-replay-soak")
	}
	m := scenarios.Managers()[0]
	var workloads []string
	for _, w := range m.Workloads {
		workloads = append(workloads, w.Name)
	}
	places := make([]surroundings, *repeats)
	for i := range places {
		places[i] = newSurroundings(t, i)
	}
	for seed := *firstSeed; seed < *firstSeed+uint64(*drawn); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			s := draw.Schedule(seed, draw.Space{Workloads: workloads})
			args := []string{
				"try", s.Line(), "--manager", m.Name, "--workload", cmp.Or(s.Run.Workload, workloads[0]), "--seed", fmt.Sprint(seed),
				"--json", "-", "--transcript=full",
			}
			told := make([]told, len(places))
			var running errgroup.Group
			running.SetLimit(runtime.NumCPU() + 1) // each run competes for a processor
			for i, place := range places {
				running.Go(func() (err error) {
					told[i], err = place.run(args)
					return err
				})
			}
			require.NoError(t, running.Wait())
			for i, other := range told[1:] {
				if told[0].digest != other.digest {
					require.Equal(t, told[0].transcript, other.transcript, "place %d", i+1)
					require.Equal(t, told[0].digest, other.digest, "place %d: %s", i+1, s.Line())
				}
			}
		})
	}
}

// told is what one run was seen to do.
type told struct{ digest, transcript string }

// surroundings are those of a process.
type surroundings struct {
	words []string // what comes before the command's arguments
	dir   string
	env   []string
}

// newSurroundings makes surroundings that differ with i in everything that a user or a machine may have otherwise.
func newSurroundings(t *testing.T, i int) surroundings {
	t.Helper()
	root := t.TempDir()
	deep := filepath.Join(root, strings.Repeat("a-long-name/", i*i%17))
	home, temporary := filepath.Join(deep, "home"), filepath.Join(deep, strings.Repeat("t", 1+i*7%60))
	for _, dir := range []string{home, temporary} {
		require.NoError(t, os.MkdirAll(dir, 0o755))
	}
	self, err := os.Executable()
	require.NoError(t, err)
	binary := filepath.Join(deep, strings.Repeat("b", 1+i*5%90))
	require.NoError(t, os.Link(self, binary)) // a symbolic link would not change the path that a process sees
	s := surroundings{words: []string{binary}, dir: deep, env: []string{asCommand + "=yes", "PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + temporary}}
	for k := range i * 13 % 40 {
		s.env = append(s.env, fmt.Sprintf("VARIABLE_%d=%s", k, strings.Repeat("v", i*k*29%3000)))
	}
	switch i % 4 {
	case 1:
		s.env = append(s.env, "LANG=de_DE.UTF-8", "TZ=Asia/Shanghai", "GOGC=50", "GOMAXPROCS=7")
	case 2:
		s.env = append(s.env, "GOTRACEBACK=all", "TZ=", "GOMEMLIMIT=512MiB")
	case 3:
		s.words = append([]string{"nice", "-n", "10"}, s.words...)
	}
	return s
}

// run runs the command there.
func (s surroundings) run(args []string) (told, error) {
	words := append(append([]string(nil), s.words...), args...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir, cmd.Env = s.dir, s.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	failed := cmd.Run() // a manager that fails has a timeline too
	var r result
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil {
		return told{}, fmt.Errorf("%w (%v): %s", err, failed, stderr.String())
	}
	if r.Outcome == "not judged" {
		return told{}, fmt.Errorf("not judged: %s", stderr.String())
	}
	_, transcript, _ := strings.Cut(stderr.String(), r.Digest+"\n")
	transcript, _, _ = strings.Cut(transcript, "\nSCENARIO ")
	return told{r.Digest, transcript}, nil
}
