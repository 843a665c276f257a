package report

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// twoManagers is the result of a run of two managers that want a lock. A fault cuts the second one off.
func twoManagers() *harness.Result {
	r := aResult()
	at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	lock := record.Subject{Kind: "lock", Name: "backup"}
	first := r.Record
	first.Manager, first.Things = 1, []string{"/locks/backup/", "/locks/idle/"}
	first.Faults = []record.Fault{{Text: "BlackholeManager(alpha, 2)", Scope: record.Scope{Manager: 2}, From: at(3), To: at(6)}}
	first.Owned = []record.Ownership{
		{Cluster: "alpha", Thing: lock, Key: "/locks/backup/a", Lease: 0xa1, From: at(1), To: at(4), Until: at(3.5)},
		{Cluster: "alpha", Thing: lock, Key: "/locks/backup/c", Lease: 0xc3, From: at(6), To: -1, Until: -1},
	}
	first.Holdings = []record.Holding{
		{Cluster: "alpha", Key: "/locks/backup/a", Lease: 0xa1, From: at(1), To: at(5), Member: "m1"},
		{Cluster: "alpha", Key: "/locks/idle/b", Lease: 0xb2, From: at(2), To: -1},
	}
	first.ManagerClose, first.ManagerClosed = -1, -1
	first.Keys = []record.Keys{{At: at(1), Cluster: "alpha", Own: 2, Missing: []string{"/own/1"}}, {At: at(2), Cluster: "alpha", Own: 2}}
	second := *aResult().Record
	second.Manager = 2
	second.Faults = []record.Fault{first.Faults[0]}
	second.Faults[0].Scope = record.Scope{Cluster: "alpha", Members: []string{"m1"}, Manager: 2}
	second.Watches = second.Watches[:1]
	first.Others = []*record.Record{&second}
	r.Verdicts = append(r.Verdicts, record.Verdict{Oracle: "leaks", Outcome: record.Failed, Manager: 2, At: at(9.5)})
	return r
}

func TestARunOfTwoManagersHasWhatEachDid(t *testing.T) {
	rec := NewRun(twoManagers(), "").Record
	require.Len(t, rec.Watches, 2)
	require.Len(t, rec.Others, 1)
	require.Equal(t, 2, rec.Others[0].Number)
	require.Len(t, rec.Others[0].Watches, 1)
	require.Len(t, rec.Others[0].Staleness, 1)
	require.Equal(t, []Violation{{4200, "alpha", "freshness"}}, rec.Violations)
	require.Equal(t, []Violation{{9500, "", "leaks"}}, rec.Others[0].Violations, "the verdict is about manager 2")
}

func TestAFaultOnAnotherManagerSaysWhatItAffected(t *testing.T) {
	require.Equal(t, []Fault{{"BlackholeManager(alpha, 2)", "alpha", []string{"m1"}, 3000, 6000, 2, "", 0, 0}}, NewRun(twoManagers(), "").Record.Faults)
}

func TestARunHasWhatItsManagersOwn(t *testing.T) {
	rec := NewRun(twoManagers(), "").Record
	require.Equal(t, []Claim{
		{"alpha", "lock backup", "/locks/backup/a", "a1", 1000, 3500}, // it stopped by itself
		{"alpha", "lock backup", "/locks/backup/c", "c3", 6000, -1},
	}, rec.Claims)
	require.Equal(t, []Holding{
		{"alpha", "lock backup", "/locks/backup/a", "a1", 1000, 5000, "m1"},
		{"alpha", "/locks/idle/", "/locks/idle/b", "b2", 2000, -1, ""}, // nobody claimed it, so nobody has said what it is
	}, rec.Holdings)
	require.Equal(t, []Keys{{1000, "alpha", 2, []string{"/own/1"}, nil}, {2000, "alpha", 2, nil, nil}}, rec.Keys)
}

func TestTwoManagersAreReadAsTheyWereWritten(t *testing.T) {
	var b bytes.Buffer
	want := NewRun(twoManagers(), "")
	require.NoError(t, Write(&b, want))
	require.NotContains(t, b.String(), "null")
	got, err := Read(&b)
	require.NoError(t, err)
	require.Equal(t, want.Record, got[0].Record)
}
