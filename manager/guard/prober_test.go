package guard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAProbeIsMetByDeliveringWhatItShowed(t *testing.T) {
	// At revision 10 the watch held a, b and c, and a witness was asked what happened after it.
	deleted := probe{since: 10, at: 20, held: 3, count: 2}
	written := probe{since: 10, at: 20, held: 3, count: 4, newest: 15}
	for _, c := range []struct {
		name     string
		probe    probe
		revision int64
		held     map[string]int64
		want     bool
	}{
		{"nothing came", deleted, 10, map[string]int64{"a": 4, "b": 5, "c": 6}, false},
		{"the deletion came", deleted, 12, map[string]int64{"a": 4, "b": 5}, true},
		{"another key came and went, the deletion did not", deleted, 12, map[string]int64{"a": 4, "b": 5, "c": 6}, false},
		{"a key that was to go again came, the deletion did not", deleted, 12, map[string]int64{"a": 4, "b": 5, "c": 6, "d": 12}, false},
		{"the watch is past the read", deleted, 21, map[string]int64{"a": 21}, true},
		{"the write did not come", written, 14, map[string]int64{"a": 4, "b": 5, "c": 6, "d": 14}, false},
		{"the write came", written, 15, map[string]int64{"a": 4, "b": 5, "c": 6, "d": 15}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &position{reached: c.revision, held: c.held}
			require.Equal(t, c.want, p.delivered(c.probe))
		})
	}
}
