package point

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pingcap/failpoint"
)

// ask sends a request for a point to failpoint's own HTTP handler.
func ask(t *testing.T, method string, p Path, terms string) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	new(failpoint.HttpHandler).ServeHTTP(answer, httptest.NewRequest(method, "/"+string(p), strings.NewReader(terms)))
	return answer
}

func TestFailpointsHTTPHandlerThrowsTheSameSwitch(t *testing.T) {
	inBubble(t, func(t *testing.T, b *Board, p Path) {
		if answer := ask(t, http.MethodPut, p, `return("hang")`); answer.Code != http.StatusNoContent {
			t.Fatalf("PUT answers %d %s", answer.Code, answer.Body)
		}
		kinds := make(chan Kind, 1)
		go func() { kinds <- b.Pass(nil, p) }()
		<-time.After(time.Minute)
		if len(kinds) > 0 {
			t.Fatal("a hang thrown over HTTP holds nothing")
		}
		ask(t, http.MethodDelete, p, "")
		began := time.Now()
		if kind := <-kinds; kind != Pass || time.Since(began) > poll {
			t.Errorf("let go to %v after %v, want pass within %v", kind, time.Since(began), poll)
		}

		thrown := throw(t, b, p, `return("drop")`)
		if answer := ask(t, http.MethodGet, p, ""); !strings.Contains(answer.Body.String(), `return("drop")`) {
			t.Errorf("of a switch thrown by the board GET answers %d %s", answer.Code, answer.Body)
		}
		thrown.Heal()
		if answer := ask(t, http.MethodGet, p, ""); answer.Code != http.StatusNotFound {
			t.Errorf("of a healed switch GET answers %d %s", answer.Code, answer.Body)
		}
	})
}

// childPoint is switched on by the environment of the child process below.
const childPoint = Path("stormwatch/alpha/child/peer-send/m2")

func TestEnvironmentThrowsTheSameSwitch(t *testing.T) {
	if os.Getenv("GO_FAILPOINTS") != "" {
		inChild(t)
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), "GO_FAILPOINTS="+string(childPoint)+`=1*return("drop")->return(250)`)
	out, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("the child says %v:\n%s", err, out)
	}
}

// inChild leaves the point switched on that the environment switched on: failpoint made the point's channel outside the bubble.
func inChild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBoard(poll, func(p Path, err error) { t.Error(err) })
		defer b.Close()
		if got := b.Path("alpha", "child", PeerSend("m2")); got != childPoint {
			t.Fatalf("the point's path is %s, want %s", got, childPoint)
		}
		if outside := b.Outside(); len(outside) != 1 || outside[0].Path != childPoint {
			t.Fatalf("thrown from outside: %v, want %s", outside, childPoint)
		}
		decide(t, b, childPoint, Drop)
		began := time.Now()
		if kind := b.Pass(nil, childPoint); kind != Pass || time.Since(began) != 250*time.Millisecond {
			t.Errorf("%v after %v, want pass after 250ms", kind, time.Since(began))
		}
	})
}

// on switches a failpoint on for the rest of the test, without the board.
func on(t *testing.T, p Path, terms string) {
	t.Helper()
	if err := failpoint.Enable(string(p), terms); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = failpoint.Disable(string(p)) })
}

func TestOutsideSwitchesAreThoseThatTheBoardDidNotThrow(t *testing.T) {
	b := NewBoard(poll, nil)
	defer b.Close()
	beside := NewBoard(poll, nil)
	defer beside.Close()
	off := b.Path("alpha", "m2", Apply)
	on(t, off, `return("hang")`)
	if err := failpoint.Disable(string(off)); err != nil {
		t.Fatal(err)
	}
	throw(t, b, b.Path("alpha", "m2", WALSave), `return("hang")`)
	covered := b.Path("alpha", "m1", PeerSend("m2"))
	on(t, covered, `30%return("drop")`)
	throw(t, b, covered, `return("hang")`)
	on(t, beside.Path("alpha", "m1", Apply), `return(5)`)
	on(t, "somebody/else", `return(5)`)
	want := Switch{Path: covered, Cluster: "alpha", Member: "m1", Name: PeerSend("m2"), Terms: `30%return("drop")`}
	if got := b.Outside(); len(got) != 1 || got[0] != want {
		t.Errorf("from outside: %v, want %v", got, want)
	}
	if got := beside.Outside(); len(got) != 1 || got[0].Cluster != "alpha" || got[0].Name != Apply {
		t.Errorf("from outside of the second board: %v", got)
	}
}

func TestOutsideSwitchesThatMeanNothingAreErrorsWithTheNearestNames(t *testing.T) {
	clusters := map[string][]string{"alpha": {"m1", "m2", "m3"}, "beta": {"m1"}}
	for text, want := range map[string]string{
		`stormwatch/alhpa/m1/wal-save=return("hang")`:         `no cluster is called "alhpa"; the nearest: alpha, beta`,
		`stormwatch/alpha/m4/wal-save=return("hang")`:         `cluster alpha has no member "m4"; the nearest: m1, m2, m3`,
		`stormwatch/alpha/m1/walsave=return("hang")`:          `member alpha/m1 has no point "walsave"; the nearest: wal-save`,
		`stormwatch/alpha/m1/peer-send/m1=return("drop")`:     `has no point "peer-send/m1"; the nearest: peer-send/m2, peer-send/m3`,
		`stormwatch/alpha/m1=return("hang")`:                  `has no point ""`,
		`stormwatch/alpha=return("hang")`:                     `has no member ""`,
		`stormwatch/alpha/m1/wal-save=return("hagn")`:         `cannot read "hagn": want true, drop, hang, refuse, reset, fail, or a delay (milliseconds or "250ms"); the nearest: hang`,
		`stormwatch/alpha/m1/wal-save=return`:                 "want return(...) or off",
		`stormwatch/alpha/m1/wal-save=return()`:               "cannot read",
		`stormwatch/alpha/m1/wal-save=sleep(5)`:               "the harness does the waiting",
		`stormwatch/alpha/m1/wal-save=return(-5)`:             "negative",
		`stormwatch/alpha/m1/wal-save=return("drop")`:         "drop means nothing at wal-save, which understands [delay hang fail]",
		`stormwatch/alpha/m1/apply=2*return(5)->return(true)`: "drop means nothing at apply",
		// These are valid.
		`stormwatch/alpha/m1/wal-save=30%return("hang")`:                  "",
		`stormwatch/alpha/m1/peer-recv/m3=2*return(true)->return("50ms")`: "",
		`stormwatch/beta/m1/client-accept=return("refuse")`:               "",
		`stormwatch/beta/m1/apply=off`:                                    "",
	} {
		t.Run(text, func(t *testing.T) {
			b := NewBoard(poll, nil)
			defer b.Close()
			path, terms, _ := strings.Cut(text, "=")
			on(t, Path(path), terms)
			err := b.CheckOutside(clusters)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), text)) {
				t.Errorf("says %v, want %q", err, want)
			}
		})
	}
}

func TestTwoLivingBoardsShareNoSwitch(t *testing.T) {
	first, second := NewBoard(poll, nil), NewBoard(poll, nil)
	defer second.Close()
	paths := func(b *Board) Path { return b.Path("alpha", "m1", WALSave) }
	if paths(first) != "stormwatch/alpha/m1/wal-save" || paths(second) != "stormwatch/2/alpha/m1/wal-save" {
		t.Errorf("paths are %s and %s", paths(first), paths(second))
	}
	throw(t, first, paths(first), `return("drop")`)
	decide(t, second, paths(second), Pass)
	first.Close()
	first.Close() // a second Close does nothing
	third := NewBoard(poll, nil)
	defer third.Close()
	if paths(third) != "stormwatch/alpha/m1/wal-save" {
		t.Errorf("the plain path was not given back: %s", paths(third))
	}
}
