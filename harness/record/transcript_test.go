package record

import (
	"flag"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files of this package anew")

// story is a run with an event of every kind: alpha's leader m1 hangs and is replaced without noticing it, and then m2 dies too.
func story() *Record {
	const ms = time.Millisecond
	return &Record{
		Clusters: []Cluster{
			{Name: "alpha", Members: []string{"m1", "m2", "m3"}},
			{Name: "beta", Members: []string{"m1"}},
		},
		Tenures:      []Tenure{{"alpha", s, -1}, {"beta", 4 * s, 9 * s}},
		ManagerStart: s, ManagerClose: 12 * s, ManagerClosed: 12*s + 30*ms, End: 13 * s,
		Leaders: []Leader{
			{0, "alpha", "m1", 2},
			{0, "beta", "m1", 2},
			{3200 * ms, "alpha", "m2", 3},
			{6 * s, "alpha", "", 3},
			{7 * s, "alpha", "m3", 4},
		},
		Beliefs: []Belief{
			{At: 0, Cluster: "alpha", Member: "m1", Leads: true, Term: 2},
			{At: 0, Cluster: "alpha", Member: "m2", Term: 2},
			{At: 0, Cluster: "alpha", Member: "m3", Term: 2},
			{At: 3200 * ms, Cluster: "alpha", Member: "m2", Leads: true, Term: 3},
			{At: 6 * s, Cluster: "alpha", Member: "m2", Down: true},
			{At: 6500 * ms, Cluster: "alpha", Member: "m1", Leads: true, Term: 3},
			{At: 7 * s, Cluster: "alpha", Member: "m1", Term: 4},
			{At: 7 * s, Cluster: "alpha", Member: "m3", Leads: true, Term: 4},
			{At: 7500 * ms, Cluster: "alpha", Member: "m1", Leads: true, Term: 4},
		},
		Faults: []Fault{
			{Text: "HangDisk(alpha/m1)", Scope: Scope{Cluster: "alpha", Members: []string{"m1"}, Crippled: []string{"m1"}}, From: 2 * s, To: 6800 * ms},
			{Text: "Kill(alpha/m2)", Scope: Scope{Cluster: "alpha", Members: []string{"m2"}, Crippled: []string{"m2"}}, From: 6 * s, To: -1},
			{Text: "Partition(alpha/m1 | alpha/m3)", Scope: Scope{Cluster: "alpha", Members: []string{"m1", "m3"}}, From: 6800 * ms, To: 7 * s},
		},
		Losses: []Loss{{"alpha", LostQuorum, 6 * s, 6800 * ms}, {"beta", LostQuorum, 12 * s, 13 * s}, {"alpha", LostReach, 9 * s, 9500 * ms}},
		Rests:  []Rest{{"alpha", 10 * s, 11 * s}, {"beta", 12 * s, -1}},
		Watches: []Watch{
			{ID: 1, Cluster: "alpha", Member: "m1", Key: "/topology/", Opened: 1100 * ms, Closed: 5 * s},
			{ID: 2, Cluster: "alpha", Member: "m3", Key: "/topology/", Opened: 5 * s, Closed: -1},
		},
		Commits: []Commit{
			{Begun: 3499 * ms, At: 3500 * ms, Cluster: "alpha", Subject: Subject{"checkpoint", "nightly"}, Value: "41", Revision: 17},
			{Begun: 3599 * ms, At: 3600 * ms, Cluster: "alpha", Subject: Subject{"backend", "10.0.0.1:4000"}, Revision: 18},
		},
		Views: []View{
			{At: 1200 * ms, Cluster: "alpha", Revision: 16},
			{At: 5100 * ms, Cluster: "alpha", Revision: 18, Changes: []Change{
				{Subject{"backend", "10.0.0.1:4000"}, ""}, {Subject{"checkpoint", "nightly"}, "41"},
			}},
			{At: 8 * s, Cluster: "alpha", Revision: 18, Absent: true, Changes: []Change{{Subject{"checkpoint", "nightly"}, ""}}},
		},
		Answers: []Answer{{At: 8100 * ms, Cluster: "alpha", Problem: "View took 20ms, allowed 5ms"}},
		Errors: []ViewError{
			{At: 4900 * ms, Cluster: "alpha", Text: "watch /topology/ is stale:\nrevision 17 is not reached"},
			{At: 4950 * ms, Cluster: "alpha", Text: "watch /topology/ is idle", Idle: 10 * s},
		},
		Keys: []Keys{
			{At: 1500 * ms, Cluster: "alpha"},
			{At: 6 * s, Cluster: "alpha", Missing: []string{"/own/ttl", "/own/info"}, Foreign: []string{"/theirs"}},
			{At: 7100 * ms, Cluster: "alpha"},
		},
		Left:  []Leftover{{12500 * ms, "Close", "goroutine: 1 × run < start"}},
		Notes: []Note{{2 * s, "the disk goes"}, {2 * s, "and nobody knows"}},
		Checks: []Expectation{{
			Verdict: Verdict{Oracle: "recovery", Outcome: Passed, Evidence: "alpha fresh again after 3.100s of 12.350s allowed"},
			At:      5100 * ms, Cluster: "alpha", Took: 3100 * ms, Bound: 12350 * ms,
		}},
	}
}

func TestTranscripts(t *testing.T) {
	for file, options := range map[string]TranscriptOptions{
		"transcript.txt":         {},
		"transcript_updates.txt": {Updates: true},
	} {
		t.Run(file, func(t *testing.T) {
			golden(t, filepath.Join("testdata", file), story().Transcript(options))
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the transcript is not that of %s (go test -update writes it anew):\n%s", path, got)
	}
}

func TestSimultaneousLinesStandInOneOrderWhoeverCameFirst(t *testing.T) {
	want := story().Transcript(TranscriptOptions{Updates: true, Exact: true})
	for range 50 {
		r := story()
		// A record is in the order of time, so only events of one instant may change places. In the story all leaders, beliefs and notes of
		// an instant are next to each other.
		swap(r.Leaders, func(l Leader) time.Duration { return l.At })
		swap(r.Beliefs, func(b Belief) time.Duration { return b.At })
		swap(r.Watches, func(Watch) time.Duration { return 0 })
		swap(r.Faults, func(Fault) time.Duration { return 0 })
		swap(r.Notes, func(n Note) time.Duration { return n.At })
		swap(r.Keys[1].Missing, func(string) time.Duration { return 0 })
		if got := r.Transcript(TranscriptOptions{Updates: true, Exact: true}); got != want {
			t.Fatalf("the same events in another order print\n%s\nwant\n%s", got, want)
		}
	}
}

// swap shuffles events of the same instant.
func swap[T any](events []T, at func(T) time.Duration) {
	for range 2 * len(events) {
		i := rand.Intn(len(events))
		for j := i + 1; j < len(events) && at(events[i]) == at(events[j]); j++ {
			if rand.Intn(2) == 0 {
				events[i], events[j] = events[j], events[i]
			}
		}
	}
}

func TestTranscriptHasOneLineAnEvent(t *testing.T) {
	for text := range strings.Lines(story().Transcript(TranscriptOptions{Updates: true})) {
		if !strings.HasPrefix(text, "[") || strings.TrimRight(text, " \n")+"\n" != text {
			t.Errorf("no line of a transcript: %q", text)
		}
	}
}

func TestDigestSeesUpdatesAndNanoseconds(t *testing.T) {
	digest := story().Digest()
	if len(digest) != 16 || digest != story().Digest() {
		t.Fatalf("the digest is %q, and then %q", digest, story().Digest())
	}
	for name, change := range map[string]func(*Record){
		"a nanosecond": func(r *Record) { r.Faults[0].From++ },
		"a value":      func(r *Record) { r.Commits[0].Value = "42" },
		"a rest":       func(r *Record) { r.Rests = r.Rests[:1] },
		"a loss":       func(r *Record) { r.Losses[2].Of = LostQuorum },
		"an answer":    func(r *Record) { r.Answers[0].Problem = "View panicked" },
		"absence":      func(r *Record) { r.Views[2].Absent = false },
		"a view":       func(r *Record) { r.Views = r.Views[:1] },
		"a belief":     func(r *Record) { r.Beliefs[0].Leads = false },
	} {
		r := story()
		change(r)
		if r.Digest() == digest {
			t.Errorf("the digest does not see %s", name)
		}
	}
}

func TestSituationSaysWhoLedAndWhereTheWatchWas(t *testing.T) {
	r := story()
	for _, test := range []struct {
		at   time.Duration
		want string
	}{
		{s, "at 1.000s alpha/m1 led, no watch was open"},
		{4 * s, "at 4.000s alpha/m2 led, the watch was on alpha/m1, HangDisk(alpha/m1) in force"},
		{6500 * time.Millisecond, "at 6.500s nobody led, the watch was on alpha/m3, HangDisk(alpha/m1) in force, Kill(alpha/m2) in force"},
	} {
		if got := r.Situation("alpha", test.at); got != test.want {
			t.Errorf("the situation is %q, want %q", got, test.want)
		}
	}
}
