package schedule

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const story = `# The leader's disk hangs; meanwhile beta is taken from the manager and given back.
#
# Seen in May 2026.
manager naive
workload tidb
seed 17
fails nothing lost
cluster alpha 3
cluster beta 1
watch alpha/leader
watch beta/m1
5s for 30s HangDisk(alpha/leader)
12s Apply(alpha)
20s Apply(alpha, beta)
25s for 1m30s SlowDisk(alpha/m2, 250ms)
30s MoveLeader(alpha/follower)
31s Partition([alpha/m1], [alpha/m2 alpha/m3])
40s for 10s Rest(beta)
41s for 12s Rival()
55s Close()
until 1m
`

func TestAScheduleIsPrintedAsItIsRead(t *testing.T) {
	s, err := Parse(story)
	require.NoError(t, err)
	require.Equal(t, story, s.String())
	again, err := Parse(s.String())
	require.NoError(t, err)
	require.Equal(t, s, again)
}

func TestALineTypedByHandIsCompleted(t *testing.T) {
	for typed, want := range map[string]string{
		"HangDisk(alpha/leader) for 30s":                             "cluster alpha 3\ncluster beta 3\nwatch alpha/leader\n5s for 30s HangDisk(alpha/leader)\n",
		"Freeze(beta/m2) at 7s":                                      "cluster alpha 3\ncluster beta 3\nwatch beta/m2\n7s Freeze(beta/m2)\n",
		"cluster alpha 1; Kill(alpha/follower)":                      "cluster alpha 1\nwatch alpha/leader\n5s Kill(alpha/follower)\n",
		"Kill(alpha/watched)":                                        "cluster alpha 3\ncluster beta 3\nwatch alpha/leader\n5s Kill(alpha/watched)\n",
		"ExpireTokens(alpha)":                                        "cluster alpha 3 auth\ncluster beta 3\nwatch alpha/leader\n5s ExpireTokens(alpha)\n",
		"9s Apply(beta); ExpireCertificates(beta)":                   "cluster alpha 3\ncluster beta 3 tls\nwatch alpha/leader\n5s ExpireCertificates(beta)\n9s Apply(beta)\n",
		"cluster alpha 1 auth tls; Kill(alpha/m1)":                   "cluster alpha 1 tls auth\nwatch alpha/m1\n5s Kill(alpha/m1)\n",
		"9s Rest(alpha); 3s for 2s Reset(alpha/m1); cluster alpha 5": "cluster alpha 5\nwatch alpha/m1\n3s for 2s Reset(alpha/m1)\n9s Rest(alpha)\n",
	} {
		s, err := Parse(typed)
		require.NoError(t, err, typed)
		require.Equal(t, want, s.String())
	}
}

func TestWhatIsNoScheduleIsExplainedLineByLine(t *testing.T) {
	for text, want := range map[string]string{
		"HungDisk(alpha/m1)":             `line 1: no fault is called "HungDisk"; the nearest: HangDisk`,
		"HangDsk":                        `no action is called "HangDsk"; the nearest: HangDisk`,
		"HangDisk(alpha)":                `member "alpha": want a cluster and a member in it, such as alpha/m1 or alpha/leader`,
		"HangDisk(alpha/boss)":           `"boss" is neither a member's name, such as m1, nor one of the roles leader, follower, watched`,
		"SlowDisk(alpha/m1)":             "has 1 argument: want SlowDisk(a member, such as alpha/m1 or alpha/leader, a delay, such as 250ms)",
		"SlowDisk(alpha/m1, soon)":       `"soon" is no delay`,
		"HangDisk(gamma/m1)":             `no cluster is called "gamma"; there are alpha, beta`,
		"\n\nuntil tomorrow":             `line 3: "tomorrow" is no time: want one such as 5s or 1m30s`,
		"cluster alpha three":            `cluster alpha has "three" members: want a number`,
		"cluster alpha":                  "want: cluster NAME MEMBERS [tls] [auth]",
		"cluster alpha 3 ssl":            `cluster alpha is "ssl": want tls, auth, both or neither`,
		"watch alpha/watched":            "nothing is watched before the manager has started",
		"watch alpha/m1; watch alpha/m2": "the manager is attached to one member of a cluster",
		"Kill(alpha/m1) for":             `"for" is followed by no time`,
		"seed soon":                      `seed "soon": want a whole number from 1 on`,
		"manager":                        "want: manager NAME, such as manager reference",
		"workload tidb; workload tidb":   "workload is said twice: tidb, and tidb",
		"Rest(alpha beta)":               "want one cluster",
		"Apply":                          `"Apply": want Apply(CLUSTER)`,
		"Rival":                          `"Rival": want Rival()`,
		"Rival(); Rival()":               "a run has one rival at most",
		"Close(); 6s Apply(alpha)":       "6s Apply(alpha): the manager was closed before, by 5s Close()",
	} {
		_, err := Parse(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestWhatEndsComesBeforeWhatBegins(t *testing.T) {
	s, err := Parse("5s for 5s Reset(alpha/m1)\n10s Reset(alpha/m1)\n1s for 9s Refuse(alpha/m2)")
	require.NoError(t, err)
	var order []string
	for _, e := range s.Events() {
		word := s.Steps[e.Step].String()
		if e.Undo {
			word = "end of " + word
		}
		order = append(order, word)
	}
	require.Equal(t, strings.Join([]string{
		"1s for 9s Refuse(alpha/m2)",
		"5s for 5s Reset(alpha/m1)",
		"end of 1s for 9s Refuse(alpha/m2)",
		"end of 5s for 5s Reset(alpha/m1)",
		"10s Reset(alpha/m1)",
	}, "\n"), strings.Join(order, "\n"))
}
