package lab_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/browser"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/lab"
)

// tab is the live page in a tab of a browser, with the browser's complaints about it and the requests that left the session's server.
type tab struct {
	*testing.T
	ctx context.Context

	mu         sync.Mutex // guards what follows, which the listener of the browser's events writes
	server     string
	complaints []string
}

func (p *tab) note(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		p.complaints = append(p.complaints, e.Entry.Text)
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		p.complaints = append(p.complaints, fmt.Sprint("console.", e.Type))
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; url != "data:," && len(url) > len(p.server) && url[:len(p.server)] != p.server {
			p.complaints = append(p.complaints, "a request to "+url)
		}
	}
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	require.NoError(p, chromedp.Do(p.ctx, actions...))
}

func eval[T any](p *tab, expression string) T {
	p.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	require.NoError(p, err, expression)
	return value
}

func (p *tab) until(expression string) {
	p.Helper()
	p.do(chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(30*time.Second)))
}

// card is the expression of a member's card.
func card(member string) string {
	return fmt.Sprintf(`document.querySelector('.member[aria-label="%s"]')`, member)
}

func TestTheLivePage(t *testing.T) {
	b := browser.Start(t)
	r := begin(t, lab.Options{Clusters: alpha(3), Timing: compressed(), Candidate: counters.Watching(), Token: "sixteen-or-longer"})
	p := &tab{T: t, server: r.ready.URL + "/"}
	ctx, end := chromedp.NewContext(b, chromedp.WithListener(p.note))
	defer end()
	p.ctx = ctx
	p.do(chromedp.Navigate(r.ready.URL + "/?token=" + r.token))
	p.until(`document.body.dataset.state === "live" && document.querySelector("svg.lanes")`)
	require.Equal(t, r.ready.URL+"/", eval[string](p, "location.href"), "the token does not stay in the address")

	joined := r.await("the manager joins", time.Minute, func(s lab.State) bool { return s.Joined != nil })
	leader := "alpha/" + joined.Clusters[0].Leader
	p.until(card(leader) + `?.querySelector(".role").textContent.startsWith("leads")`)
	p.until(`document.querySelector("#summary").textContent.includes("watching joined")`)
	p.until(`[...document.querySelectorAll(".member li")].some(e => e.textContent.startsWith("watch of /counters/"))`)

	// By keyboard: to the leader's faults, open them, to the one that is wanted, and inject it.
	p.do(chromedp.Focus(chromedp.CSS(`.member[aria-label="`+leader+`"] summary`)), chromedp.KeyEvent(kb.Enter))
	buttons := card(leader) + `.querySelectorAll(".offers button")`
	p.until(buttons + ".length > 0")
	var want []string
	for _, d := range fault.All() {
		if d.On != fault.OnCluster && !d.TLS && !d.Auth {
			want = append(want, d.Name)
		}
	}
	require.Equal(t, want, eval[[]string](p, `[...`+buttons+`].map(e => e.textContent.split("(")[0])`), "there is a button for every fault on a member")
	hang := "HangDisk(" + leader + ")"
	for i := 0; eval[string](p, "document.activeElement.textContent") != hang; i++ {
		require.Less(t, i, len(want), "Tab leads from one button to the next")
		p.do(chromedp.KeyEvent(kb.Tab))
	}
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until(fmt.Sprintf(`document.querySelector("#message").textContent === "%s is done."`, hang))
	require.Equal(t, hang, eval[string](p, "document.activeElement.textContent"), "the focus stays where it was")
	p.until(card(leader) + `.querySelector(".role").textContent.startsWith("still believes that it leads")`)
	p.until(card(leader) + `.querySelector("li.bad").textContent === "` + hang + `"`)
	p.until(`[...document.querySelectorAll("svg.lanes text")].some(e => e.textContent.startsWith("hung"))`)
	p.until(`document.querySelector(".staleness").textContent.startsWith("✗ stale by") || ![...document.querySelectorAll(".member.stale li")].some(e => e.textContent.startsWith("watch"))`)
	p.until(`document.querySelector("#schedule").textContent.includes("HangDisk(alpha/leader)")`)
	shoot(p, "hung")

	// What is typed wrongly is said, and nothing is done.
	p.do(chromedp.Focus(chromedp.CSS("#expression")), chromedp.KeyEvent("HungDisk(alpha/m1)"), chromedp.KeyEvent(kb.Enter))
	p.until(`document.querySelector("#message.bad")?.textContent.includes("the nearest: HangDisk")`)
	p.mu.Lock()
	require.Len(t, p.complaints, 1, "the browser says that the answer was 400, and nothing else: %v", p.complaints)
	require.Contains(t, p.complaints[0], "400")
	p.complaints = nil
	p.mu.Unlock()

	p.do(chromedp.Focus(chromedp.CSS("#heal-all")), chromedp.KeyEvent(kb.Enter))
	p.until(`document.querySelectorAll("#faults li").length === 0`)
	require.Empty(t, r.state().Faults)
	p.until(card(leader) + `.querySelector("li.bad") === null`)
	p.mu.Lock()
	require.Empty(t, p.complaints, "the browser's complaints")
	p.mu.Unlock()
	r.finish()
	p.until(`document.body.dataset.state === "lost"`)
	require.Contains(t, eval[string](p, `document.querySelector("#summary").textContent`), "The lab does not answer")
}

// shoot keeps a picture of the page in the directory that STORMWATCH_PICTURES names, for a person to look at.
func shoot(p *tab, name string) {
	dir := os.Getenv("STORMWATCH_PICTURES")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	require.NoError(p, err)
	require.NoError(p, os.WriteFile(filepath.Join(dir, "lab-"+name+".png"), picture, 0o600))
}
