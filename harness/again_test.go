package harness_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/embedded"
)

// recordingTB is a testing.TB that records an error instead of failing.
type recordingTB struct {
	testing.TB
	told string
}

func (d *recordingTB) Errorf(format string, args ...any) { d.told += fmt.Sprintf(format, args...) }

// again returns the command that a failed run in this test prints for running it again.
func again(t *testing.T) string {
	d := &recordingTB{TB: t}
	harness.Run(d, embedded.Engine{}, harness.Scenario{Name: "never-told"}, harness.Candidate{Name: "none"}, harness.Options{})
	_, command, found := strings.Cut(d.told, "\n  again: ")
	require.True(t, found, d.told)
	return command
}

func TestARunInATestSaysWhichTestToRunAgain(t *testing.T) {
	const pkg = "github.com/stormwatch/stormwatch/harness"
	require.Equal(t, "go test "+pkg+" -run '^TestARunInATestSaysWhichTestToRunAgain$' -count=1", again(t))
	t.Run("it's (so)", func(t *testing.T) {
		t.Run("twice", func(t *testing.T) {})
		t.Run("twice", func(t *testing.T) {
			require.Equal(t, "go test "+pkg+` -run '^TestARunInATestSaysWhichTestToRunAgain$/^it'\''s_\(so\)$/^twice#01$' -count=1`, again(t))
			pattern := strings.Split(`^TestARunInATestSaysWhichTestToRunAgain$/^it's_\(so\)$/^twice#01$`, "/")
			for i, element := range strings.Split(t.Name(), "/") {
				require.Regexp(t, regexp.MustCompile(pattern[i]), element)
			}
		})
	})
	t.Run("with switches from outside", func(t *testing.T) {
		t.Setenv("GO_FAILPOINTS", "stormwatch/alpha/m1/wal-save=return(100)")
		require.True(t, strings.HasPrefix(again(t), "GO_FAILPOINTS='stormwatch/alpha/m1/wal-save=return(100)' go test "+pkg+" -run "))
	})
}
