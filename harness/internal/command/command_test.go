package command

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestALineIsReadByAShellAsItWasMeant(t *testing.T) {
	for _, word := range []string{
		"plain", "", "two words", "it's", `"quoted"`, "$HOME", "HangDisk(alpha/leader) for 30s", "a\nb", "^TestX$/^a_b#01$", "~", "*", "a;b", `back\slash`,
	} {
		out, err := exec.Command("sh", "-c", Line("printf", "[%s]", word, "end")).Output()
		require.NoError(t, err, word)
		require.Equal(t, "["+word+"][end]", string(out))
	}
	require.Equal(t, "stormwatch run hung-leader-disk --within=30s", Line("stormwatch", "run", "hung-leader-disk", "--within=30s"))
}

func TestALineRepeatsTheFailpointsSetFromOutside(t *testing.T) {
	t.Setenv("GO_FAILPOINTS", "stormwatch/alpha/m1/wal-save=return(100)")
	require.Equal(t, "GO_FAILPOINTS='stormwatch/alpha/m1/wal-save=return(100)' mine run", Line("mine", "run"))
}
