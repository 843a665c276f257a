package cli

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/soak"
)

func TestTheProgressOfASoakSaysHowFastItIsAndHowLongItTakes(t *testing.T) {
	for name, c := range map[string]struct {
		params soak.Params
		want   string
	}{
		"to the last seed": {soak.Params{First: 1, Last: 100}, "[40/100] 1m30s, 1.0 a second, 1 failed, 1 not judged, 1m0s left\n"},
		"for a time":       {soak.Params{First: 1, Last: mostSeeds, For: soak.Length(2 * time.Minute)}, "[40] 1m30s, 1.0 a second, 1 failed, 1 not judged, 30s left\n"},
		"what is first":    {soak.Params{First: 1, Last: 50, For: soak.Length(2 * time.Minute)}, "[40] 1m30s, 1.0 a second, 1 failed, 1 not judged, 10s left\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				p := newSoakProgress(&out, c.params)
				defer p.close()
				for range 10 { // in an earlier start, within a minute
					p.resumed(soak.Line{Outcome: record.Passed, Elapsed: 60_000})
				}
				for range 28 {
					p.done(soak.Line{Outcome: record.Passed})
				}
				require.Empty(t, out.String(), "what passes is told by the status only")
				p.done(soak.Line{Seed: 7, Outcome: record.Failed, Failed: []soak.Failure{{Oracle: "freshness"}, {Oracle: "leaks"}}, Wall: 1500})
				require.Regexp(t, `(?m)^\[39(/\d+)?\] seed 7 FAILED freshness, leaks in 1\.5s$`, out.String())
				p.done(soak.Line{Seed: 8, Outcome: record.NotJudged, Cause: "it died\nmore"})
				require.Regexp(t, `(?m)^\[40(/\d+)?\] seed 8 not judged in 0\.0s: it died$`, out.String())
				out.Reset()
				time.Sleep(statusEvery)
				synctest.Wait()
				require.Equal(t, c.want, out.String())
			})
		})
	}
}
