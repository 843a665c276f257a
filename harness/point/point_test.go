package point

import (
	"testing"
	"time"

	"github.com/pingcap/failpoint"
	"github.com/stretchr/testify/require"
)

func TestPathsAreClusterMemberPoint(t *testing.T) {
	b := NewBoard(poll, nil)
	defer b.Close()
	for want, got := range map[Path]Path{
		"stormwatch/alpha/m1/wal-save":     b.Path("alpha", "m1", WALSave),
		"stormwatch/alpha/m1/peer-send/m2": b.Path("alpha", "m1", PeerSend("m2")),
		"stormwatch/beta/m3/peer-recv/m1":  b.Path("beta", "m3", PeerRecv("m1")),
	} {
		if got != want {
			t.Errorf("the path is %s, want %s", got, want)
		}
	}
}

func TestValuesMeanDecisions(t *testing.T) {
	for _, test := range []struct {
		value any
		want  Decision
		bad   bool
	}{
		{value: true, want: Decision{Kind: Drop}},
		{value: false, want: Decision{Kind: Pass}},
		{value: "drop", want: Decision{Kind: Drop}},
		{value: "hang", want: Decision{Kind: Hang}},
		{value: "refuse", want: Decision{Kind: Refuse}},
		{value: "reset", want: Decision{Kind: Reset}},
		{value: "fail", want: Decision{Kind: Fail}},
		{value: 250, want: Decision{Kind: Delay, Delay: 250 * time.Millisecond}},
		{value: "1.5s", want: Decision{Kind: Delay, Delay: 1500 * time.Millisecond}},
		{value: "20ms+5ms", want: Decision{Kind: Delay, Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond}},
		{value: "20ms+", bad: true},
		{value: "+20ms", bad: true},
		{value: "20ms+-5ms", bad: true},
		{value: -1, bad: true},
		{value: "-1s", bad: true},
		{value: "Drop", bad: true},
		{value: "delay", bad: true},
		{value: "", bad: true},
		{value: 2.5, bad: true},
		{value: struct{}{}, bad: true},
	} {
		got, err := parse(test.value)
		if got != test.want || (err != nil) != test.bad {
			t.Errorf("%#v means %+v, %v; want %+v, bad: %v", test.value, got, err, test.want, test.bad)
		}
	}
}

func TestTermsOfADecisionCanBeThrownAndMeanIt(t *testing.T) {
	name := "stormwatch/" + t.Name()
	for _, d := range []Decision{
		{Kind: Drop},
		{Kind: Hang},
		{Kind: Refuse},
		{Kind: Reset},
		{Kind: Fail},
		{Kind: Delay, Delay: 1500 * time.Millisecond},
		{Kind: Delay},
		{Kind: Delay, Delay: time.Second, Jitter: time.Millisecond},
	} {
		if err := failpoint.Enable(name, d.Terms()); err != nil {
			t.Fatal(err)
		}
		value, err := failpoint.Eval(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parse(value); got != d || err != nil {
			t.Errorf("%s means %+v, %v; want %+v", d.Terms(), got, err, d)
		}
		if err := failpoint.Disable(name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKindsAreWords(t *testing.T) {
	seen := map[string]bool{}
	for k := Pass; k <= Fail; k++ {
		if k.String() == "" || seen[k.String()] {
			t.Errorf("kind %d has no word of its own: %q", k, k)
		}
		seen[k.String()] = true
	}
}

func TestClientPointsMayBeOfOneManager(t *testing.T) {
	for name, want := range map[Name]struct {
		of      Name
		manager int
	}{
		ClientRead.Of(1):     {ClientRead, 1},
		ClientWrite.Of(4):    {ClientWrite, 4},
		ClientAccept:         {ClientAccept, 0},
		"client-read/5":      {"client-read/5", 0}, // there are four
		"client-read/0":      {"client-read/0", 0},
		"client-read/01":     {"client-read/01", 0},
		"client-read/":       {"client-read/", 0},
		"client-read/m1":     {"client-read/m1", 0},
		"wal-save/1":         {"wal-save/1", 0},
		PeerSend("1"):        {PeerSend("1"), 0},
		LeaseKeepAlive.Of(1): {LeaseKeepAlive.Of(1), 0},
	} {
		of, manager := name.Manager()
		require.Equal(t, want.of, of, name)
		require.Equal(t, want.manager, manager, name)
	}
	require.Equal(t, ClientRead.Kinds(), ClientRead.Of(2).Kinds())
	require.Empty(t, Name("client-read/5").Kinds())
	require.Empty(t, WALSave.Of(1).Kinds())
	require.Contains(t, namesOf(nil), ClientWrite.Of(Managers))
}
