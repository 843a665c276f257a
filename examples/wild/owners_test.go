package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/cli"
)

// The session learns by a clock that looks once a second, and that counts from the arrival of the last answer.
func TestTwoOwnALockOfConcurrencyAtOnce(t *testing.T) {
	for scenario, long := range map[string]string{"owner-blackholed": `[1-5]\d\dms`, "owner-frozen": `1(\.\d+)?s`} {
		var out bytes.Buffer
		cli.Execute(t.Context(), catalogue(), []string{"run", scenario, "--manager", "concurrency-owners"}, &out, &out)
		require.Regexp(t, `one owner: alpha: two managers owned (lock backup|leadership scheduler) for `+long+` from `, out.String())
	}
}
