package names

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnknownOffersTheNearestNames(t *testing.T) {
	err := Unknown("fault", "HangDsk", []string{"Kill", "SlowDisk", "HangDisk", "HangApply"})
	require.EqualError(t, err, `no fault is called "HangDsk"; the nearest: HangDisk, SlowDisk, HangApply`)
}

func TestNearestAreThoseThatTakeTheFewestEdits(t *testing.T) {
	all := []string{"delta", "alpha", "beta", "gamma"}
	require.Equal(t, []string{"beta", "delta", "alpha"}, nearest("betta", all))
	require.Equal(t, []string{"alpha"}, nearest("x", []string{"alpha"}), "no more than there are")
	require.Empty(t, nearest[string]("x", nil))
	require.Equal(t, []string{"delta", "alpha", "beta", "gamma"}, all, "the list is as it was")
}

func TestANameThatContainsWhatWasAskedForIsNearest(t *testing.T) {
	require.Equal(t, []string{"WithholdEvents", "Kill"}, nearest("events", []string{"Kill", "WithholdEvents"}), "upper and lower case are alike")
	require.Equal(t, []string{"b", "a name that is long"}, nearest("", []string{"a name that is long", "b"}), "nothing is contained in everything")
}

func TestNamesThatAreAsNearStayInOrder(t *testing.T) {
	require.Equal(t, []string{"m2", "m1", "m3"}, nearest("m9", []string{"m2", "m1", "m3", "m4"}))
}

func TestEdits(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"kitten", "sitting", 3},
		{"abc", "xabc", 1},
		{"abc", "abxc", 1},
		{"abc", "ac", 1},
		{"ab", "ba", 2},
	} {
		require.Equal(t, test.want, edits(test.a, test.b), "%q to %q", test.a, test.b)
		require.Equal(t, test.want, edits(test.b, test.a), "%q to %q", test.b, test.a)
	}
}
