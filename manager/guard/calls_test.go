package guard

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

func TestCallsComeOneAtATimeAndInOrderWhoeverBringsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c calls
		var got []int64
		block := make(chan struct{})
		call := func(s Snapshot) {
			<-block
			got = append(got, s.Revision)
		}
		ended := make(chan struct{})
		c.add(Snapshot{Revision: 1})
		go func() {
			defer close(ended)
			c.run(call)
		}()
		synctest.Wait()
		c.add(Snapshot{Revision: 2})
		c.run(call) // does not wait for the one that is blocked
		c.add(Snapshot{Revision: 3})
		close(block)
		<-ended
		require.Equal(t, []int64{1, 2, 3}, got)
	})
}

func TestASnapshotHandedOutNeverChanges(t *testing.T) {
	s := newScript(t)
	s.reads(0, 10, map[string]int64{"a": 5, "b": 6})
	before := s.Snapshot()
	s.says(0, "a", 20, 11)
	s.says(0, "b", -1, 12)
	require.Equal(t, "5", before.Values["/k/a"].Value)
	require.Len(t, before.Values, 2)
	s.shows(12, map[string]string{"a": "20"})
}
