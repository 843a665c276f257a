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

// ask sends failpoint's own HTTP handler a request for a point.
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

// inChild does not turn off what the environment turned on: failpoint made its channel outside the bubble.
func inChild(t *testing.T) {
	if got := Of("alpha", "child", PeerSend("m2")); got != childPoint {
		t.Fatalf("the point's path is %s, want %s", got, childPoint)
	}
	synctest.Test(t, func(t *testing.T) {
		b := NewBoard(poll, func(p Path, err error) { t.Error(err) })
		defer b.Close()
		decide(t, b, childPoint, Drop)
		began := time.Now()
		if kind := b.Pass(nil, childPoint); kind != Pass || time.Since(began) != 250*time.Millisecond {
			t.Errorf("%v after %v, want pass after 250ms", kind, time.Since(began))
		}
	})
}
