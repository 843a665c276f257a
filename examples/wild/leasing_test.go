package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/cli"
)

// While the leader hangs, the reader loses its session, and the next one acquires the keys anew.
func TestLeasingKeepsTheWatchesOfALeaseThatIsOver(t *testing.T) {
	var out bytes.Buffer
	cli.Execute(t.Context(), catalogue(), []string{"run", "hung-leader-disk", "--manager", "leasing"}, &out, &out)
	require.Regexp(t, `leaks: alpha: \d+ watches of /leasing/leased/\S+ were open at once from \S+ to \S+, where 1 is enough`, out.String())
}
