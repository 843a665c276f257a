package lab_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/internal/browser"
	"github.com/stormwatch/stormwatch/harness/internal/counters"
	"github.com/stormwatch/stormwatch/harness/lab"
)

// card is the expression of a member's card.
func card(member string) string {
	return fmt.Sprintf(`document.querySelector('.member[aria-label="%s"]')`, member)
}

func TestTheLivePage(t *testing.T) {
	b := browser.Start(t)
	r := begin(t, lab.Options{Clusters: alpha(3), Timing: compressed(), Candidate: counters.Watching(), Token: "sixteen-or-longer"})
	p := browser.NewTab(t, b)
	p.Do(chromedp.Navigate(r.ready.URL + "/?token=" + r.token))
	p.Until(`document.body.dataset.state === "live" && document.querySelector("svg.lanes")`)
	require.Equal(t, r.ready.URL+"/", browser.Eval[string](p, "location.href"), "the token does not stay in the address")

	joined := r.await("the manager joins", time.Minute, func(s lab.State) bool { return s.Joined != nil })
	leader := "alpha/" + joined.Clusters[0].Leader
	p.Until(card(leader) + `?.querySelector(".role").textContent.startsWith("leads")`)
	p.Until(`document.querySelector("#summary").textContent.includes("watching joined")`)
	p.Until(`[...document.querySelectorAll(".member li")].some(e => e.textContent.startsWith("watch of /counters/"))`)

	// By keyboard: to the leader's faults, open them, to the one that is wanted, and inject it.
	p.Do(chromedp.Focus(chromedp.CSS(`.member[aria-label="`+leader+`"] summary`)), chromedp.KeyEvent(kb.Enter))
	buttons := card(leader) + `.querySelectorAll(".offers button")`
	p.Until(buttons + ".length > 0")
	var want []string
	for _, d := range fault.All() {
		if d.On != fault.OnCluster && !d.TLS && !d.Auth {
			want = append(want, d.Name)
		}
	}
	require.Equal(t, want, browser.Eval[[]string](p, `[...`+buttons+`].map(e => e.textContent.split("(")[0])`), "there is a button for every fault on a member")
	hang := "HangDisk(" + leader + ")"
	for i := 0; browser.Eval[string](p, "document.activeElement.textContent") != hang; i++ {
		require.Less(t, i, len(want), "Tab leads from one button to the next")
		p.Do(chromedp.KeyEvent(kb.Tab))
	}
	p.Do(chromedp.KeyEvent(kb.Enter))
	p.Until(fmt.Sprintf(`document.querySelector("#message").textContent === "%s is done."`, hang))
	require.Equal(t, hang, browser.Eval[string](p, "document.activeElement.textContent"), "the focus stays where it was")
	p.Until(card(leader) + `.querySelector(".role").textContent.startsWith("still believes that it leads")`)
	p.Until(card(leader) + `.querySelector("li.bad").textContent === "` + hang + `"`)
	p.Until(`[...document.querySelectorAll("svg.lanes text")].some(e => e.textContent.startsWith("hung"))`)
	p.Until(`document.querySelector(".staleness").textContent.startsWith("✗ stale by") || ![...document.querySelectorAll(".member.stale li")].some(e => e.textContent.startsWith("watch"))`)
	p.Until(`document.querySelector("#schedule").textContent.includes("HangDisk(alpha/leader)")`)
	shoot(p, "hung")
	lookCloser(p)

	// What is typed wrongly is said, and nothing is done.
	p.Do(chromedp.Focus(chromedp.CSS("#expression")), chromedp.KeyEvent("HungDisk(alpha/m1)"), chromedp.KeyEvent(kb.Enter))
	p.Until(`document.querySelector("#message.bad")?.textContent.includes("the nearest: HangDisk")`)
	complaints := p.Complaints()
	require.Len(t, complaints, 1, "the browser says that the answer was 400, and nothing else: %v", complaints)
	require.Contains(t, complaints[0], "400")

	p.Do(chromedp.Focus(chromedp.CSS("#heal-all")), chromedp.KeyEvent(kb.Enter))
	p.Until(`document.querySelectorAll("#faults li").length === 0`)
	require.Empty(t, r.state().Faults)
	p.Until(card(leader) + `.querySelector("li.bad") === null`)
	require.Empty(t, p.Complaints(), "the browser's complaints")
	for _, request := range p.Requests() {
		require.True(t, request == "data:," || strings.HasPrefix(request, r.ready.URL+"/"), "a request to %s", request)
	}
	r.finish()
	p.Until(`document.body.dataset.state === "lost"`)
	require.Contains(t, browser.Eval[string](p, `document.querySelector("#summary").textContent`), "The lab does not answer")
}

// lookCloser requires that the lanes say what is under the pointer, and that a time that was chosen stays although the lanes grow.
func lookCloser(p *browser.Tab) {
	p.Helper()
	another := func() { // waits for two later pictures: the first may have been on its way
		for range 2 {
			p.Do(chromedp.Evaluate[chromedp.Void](`window.known = document.querySelector("svg.lanes"), undefined`))
			p.Until(`document.querySelector("svg.lanes") !== known`)
		}
	}
	at := browser.Eval[[]float64](p, `(() => {
		document.querySelector("#lanes").scrollIntoView({block: "start"});
		const r = document.querySelector("svg.lanes rect.hurt.hung").getBoundingClientRect();
		return [r.left + r.width / 2, r.top + 3];
	})()`)
	p.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at[0], at[1]))
	p.Until(`!document.querySelector("#tip").hidden && /^[0-9.]+s  HangDisk\(alpha\/m[123]\): m[123] is hung/.test(document.querySelector("#tip").textContent)`)
	another()
	require.False(p, browser.Eval[bool](p, `document.querySelector("#tip").hidden`), "what is under the pointer is said of the later picture too")
	require.Equal(p, "true", browser.Eval[string](p, `document.querySelector("#live").getAttribute("aria-pressed")`))

	p.Do(chromedp.Focus(chromedp.CSS("#lanes")), chromedp.KeyEvent("+"))
	p.Until(`document.querySelector("#live").getAttribute("aria-pressed") === "false"`)
	chosen := browser.Eval[string](p, `document.querySelector("#range").textContent`)
	another()
	require.Equal(p, chosen, browser.Eval[string](p, `document.querySelector("#range").textContent`), "the time that the reader chose stays")
	require.Equal(p, "lanes", browser.Eval[string](p, "document.activeElement.id"))
	p.Do(chromedp.KeyEvent("0"))
	p.Until(`document.querySelector("#live").getAttribute("aria-pressed") === "true"`)
	another()
	require.NotEqual(p, chosen, browser.Eval[string](p, `document.querySelector("#range").textContent`), "the lanes follow the session again")
}

// shoot keeps a picture of the page in the directory that STORMWATCH_PICTURES names, for a person to look at.
func shoot(p *browser.Tab, name string) {
	dir := os.Getenv("STORMWATCH_PICTURES")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(p.Context, chromedp.FullScreenshot(100))
	require.NoError(p, err)
	require.NoError(p, os.WriteFile(filepath.Join(dir, "lab-"+name+".png"), picture, 0o600))
}
