package oracle

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// waiting describes what has been waiting in the segments of these tests.
type waiting struct{}

func (waiting) String() string { return "waiting" }

func TestASegmentIsJudgedByTheLimitsOfItsOwnTimeOnly(t *testing.T) {
	c := circumstances{edges: []time.Duration{0, at(5), at(10), at(20), at(30), at(40)}}
	allowed := func(when time.Duration) (limit, bool) {
		if when <= at(20) || when > at(30) {
			return limit{time.Second, "strict"}, true
		}
		return limit{at(40), "mild"}, true
	}
	var findings findings
	findings.judge(c, []segment{{from: at(20), to: at(30), origin: 0, what: waiting{}}}, allowed)
	require.True(t, findings.judged)
	require.False(t, findings.broken)
	require.Equal(t, at(30), findings.closest.height)
}

func TestASegmentIsCutWhereTheLimitChanges(t *testing.T) {
	c := circumstances{edges: []time.Duration{0, at(10), at(20)}}
	var findings findings
	findings.judge(c, []segment{{from: at(5), to: at(20), origin: at(5), what: waiting{}}}, func(when time.Duration) (limit, bool) {
		return limit{at(6), "late"}, when > at(10)
	})
	require.True(t, findings.broken)
	require.Equal(t, at(11), findings.first.at)
	require.Equal(t, at(20), findings.first.until)
	require.Equal(t, at(15), findings.worst.height)
}
