package shrink

import (
	"flag"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/schedule"
)

var update = flag.Bool("update", false, "write the golden file again")

// example is a failure that was found.
func example(t *testing.T, engine string) Found {
	t.Helper()
	found := Found{Oracle: "no way back", Cause: Cause{From: 12 * time.Second, Text: "From 12.0s on healing everything no longer prevents it.", Kind: "HangDisk on the leader"}}
	found.Result = &harness.Result{
		Engine: engine, Manager: "resume-from-zero", Workload: "services", Seed: 17, Outcome: record.Failed,
		Verdicts: []record.Verdict{{Oracle: "no way back", Outcome: record.Failed, Evidence: "alpha: revision 7\nafter revision 9"}},
	}
	found.Schedule = found.file(parse(t, "cluster alpha 3 tls; watch alpha/leader; 5s for 7s HangDisk(alpha/leader)"))
	return found
}

func TestTheFileOfAFailureSaysWhatFailedWhyAndHow(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	file, err := example(t, "virtual").Write(dir)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "no-way-back-resume-from-zero-17.txt"), file)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, `# no way back fails: alpha: revision 7 after revision 9
# From 12.0s on healing everything no longer prevents it.
manager resume-from-zero
workload services
seed 17
fails no way back
cluster alpha 3 tls
watch alpha/leader
5s for 7s HangDisk(alpha/leader)
`, string(text))
	read, err := schedule.Parse(string(text))
	require.NoError(t, err)
	require.Equal(t, example(t, "virtual").Schedule, read)
	require.FileExists(t, filepath.Join(dir, "no_way_back_resume_from_zero_17_test.go"))
}

func TestAFailureThatCannotBeWrittenSaysWhere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := example(t, "virtual").Write(file)
	require.ErrorContains(t, err, file)
}

// The golden files are what a user pastes, so they must be formatted and compile as they are.
func TestTheGoTestCanBePasted(t *testing.T) {
	for _, engine := range []string{"virtual", "embedded"} {
		golden := filepath.Join("testdata", engine, "pasted_test.go")
		got := example(t, engine).GoTest()
		if *update {
			require.NoError(t, os.WriteFile(golden, got, 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
		formatted, err := format.Source(got)
		require.NoError(t, err)
		require.Equal(t, string(formatted), string(got))
	}
	out, err := exec.Command("go", "vet", "./testdata/virtual", "./testdata/embedded").CombinedOutput()
	require.NoError(t, err, string(out))
}
