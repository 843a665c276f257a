package page_test

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/internal/browser"
	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/page"
	"github.com/stormwatch/stormwatch/harness/report/page/internal/sample"
)

// One browser serves all tests of the page, each in a tab of its own.
func TestInABrowser(t *testing.T) {
	b := browser.Start(t)
	three := []report.Run{sample.Recovers(), sample.HungLeader(), {Scenario: "no-leader", Manager: "naive", Engine: "embedded", Outcome: "not judged", Cause: "disk full"}}

	t.Run("shows what the runs say", func(t *testing.T) {
		p := open(t, b, three, page.Options{})
		require.Equal(t, []string{"naive", "naive", "reference"}, browser.Eval[[]string](p, `[...document.querySelectorAll(".run td:nth-child(3)")].map(e => e.textContent)`))
		p.Do(click("#run-1 .open"))
		require.Contains(t, text(p, ".sentence"), "The view of alpha was stale from 3.50s and staler than allowed from 15.35s")
		require.Contains(t, text(p, ".sentence"), "its watch sat on m1, hung since 2.00s, which still believed that it led; m2 led from 3.50s")
		require.Equal(t, "stormwatch run hung-leader-disk --manager naive", text(p, `[data-is="again"]`))
		require.Equal(t, "2s for 18s HangDisk(alpha/leader)\n", text(p, `[data-is="schedule"]`))
		require.Equal(t, "✗ freshness failed: alpha: checkpoint <backup> = 3 was not shown & more", text(p, `[data-is="verdicts"] li`))
		require.Equal(t, "1 passed, 1 not asked", text(p, `.columns summary`))
		require.Equal(t, 4, browser.Eval[int](p, `document.querySelectorAll(".log li").length`))
		require.Contains(t, browser.Eval[[]string](p, `[...document.querySelectorAll("svg.lanes .pinned text")].map(e => e.textContent)`), "hung, still believes it leads")
		require.True(t, browser.Eval[bool](p, `document.querySelector("svg.lanes").getAttribute("aria-labelledby").split(" ").every(id => document.getElementById(id).textContent)`))
		p.Do(click("#run-2 .open"))
		require.Equal(t, "Not judged: disk full.", text(p, "#run-2 .sentence"))
		require.True(t, browser.Eval[bool](p, `document.querySelector("#run-2 [data-is=picture]").hidden`), "there is no picture of it")
	})

	t.Run("filters", func(t *testing.T) {
		p := open(t, b, three, page.Options{})
		shown := func() []string {
			return browser.Eval[[]string](p, `[...document.querySelectorAll(".run:not([hidden])")].map(e => e.id)`)
		}
		p.Do(run(`(() => { const e = document.querySelector("[name=verdict]"); e.value = "failed"; e.dispatchEvent(new Event("input", {bubbles: true})); })()`))
		require.Equal(t, []string{"run-1"}, shown())
		require.Equal(t, "1 of 3 runs", text(p, "#count"))
		p.Do(click(`[type="reset"]`))
		p.Until(`document.querySelector("#count").textContent === "3 runs"`)
		p.Do(chromedp.KeyEvent("/"), chromedp.KeyEvent("BACKUP"))
		require.Equal(t, "BACKUP", browser.Eval[string](p, `document.activeElement.value`))
		require.Equal(t, []string{"run-1"}, shown(), "the text of the evidence is searched")
	})

	t.Run("sorts", func(t *testing.T) {
		p := open(t, b, three, page.Options{})
		ids := func() []string {
			return browser.Eval[[]string](p, `[...document.querySelectorAll(".run")].map(e => e.id)`)
		}
		require.Equal(t, []string{"run-1", "run-2", "run-3"}, ids(), "what did not pass comes first")
		p.Do(click("th:nth-child(7) button"))
		require.Equal(t, []string{"run-2", "run-3", "run-1"}, ids(), "no recovery, three seconds, never")
		require.Equal(t, "ascending", browser.Eval[string](p, `document.querySelector("th:nth-child(7)").getAttribute("aria-sort")`))
		p.Do(click("th:nth-child(7) button"))
		require.Equal(t, []string{"run-1", "run-3", "run-2"}, ids())
	})

	t.Run("follows the keyboard", func(t *testing.T) {
		p := open(t, b, three, page.Options{})
		p.Do(focusOn("#run-1 .open"), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowDown), chromedp.KeyEvent(kb.ArrowUp))
		require.Equal(t, "run-2", browser.Eval[string](p, `document.activeElement.closest("tbody").id`))
		p.Do(chromedp.KeyEvent(kb.ArrowUp), chromedp.KeyEvent(kb.Enter))
		require.Equal(t, "true", browser.Eval[string](p, `document.activeElement.getAttribute("aria-expanded")`))
		p.Do(focusOn(".frame"))
		before := length(p)
		p.Do(chromedp.KeyEvent("+"))
		p.Until(`rangeLength() < ` + number(before))
		p.Do(chromedp.KeyEvent("0"))
		p.Until(`rangeLength() === 60`)
		p.Do(chromedp.KeyEvent("n"))
		require.Contains(t, text(p, `[data-is="said"]`), "manager started")
		p.Do(chromedp.KeyEvent("n"), chromedp.KeyEvent("n"), chromedp.KeyEvent("p"))
		require.Contains(t, text(p, `[data-is="said"]`), "HangDisk(alpha/m1) begins")
		p.Do(chromedp.KeyEvent(kb.Escape))
		require.Equal(t, "false", browser.Eval[string](p, `document.activeElement.getAttribute("aria-expanded")`))
	})

	t.Run("zooms by wheel and drag and buttons", func(t *testing.T) {
		p := open(t, b, []report.Run{sample.HungLeader()}, page.Options{})
		p.Do(click(`[data-is="whole"]`))
		length(p)
		p.Until(`rangeLength() === 60`)
		p.Do(click(`[data-is="in"]`))
		p.Until(`rangeLength() === 40`)
		p.Do(focusOn(".frame"))
		x, y := middle(p, ".frame")
		p.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseWheel, x, y, func(p *input.DispatchMouseEventParams) { p.DeltaX, p.DeltaY = 1, -200 }))
		p.Until(`rangeLength() < 39`)
		from := browser.Eval[string](p, `document.querySelector("[data-is=range]").textContent`)
		p.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x, y, left), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x+100, y, left),
			chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, x+100, y, left))
		p.Until(`document.querySelector("[data-is=range]").textContent !== "` + from + `"`)
		p.Do(click(`[data-is="focus"]`))
		p.Until(`Math.abs(rangeLength() - ` + number(focus(t)) + `) < 0.01`)
	})

	t.Run("leads from the transcript to the picture and back", func(t *testing.T) {
		p := open(t, b, []report.Run{sample.HungLeader()}, page.Options{})
		p.Do(click(`.log [data-i="2"]`))
		require.Equal(t, "visible", browser.Eval[string](p, `document.querySelector(".cursor.chosen").getAttribute("visibility")`))
		at := browser.Eval[float64](p, `+document.querySelector(".cursor.chosen").getAttribute("x1")`)
		leads := browser.Eval[float64](p, `Math.min(...[...document.querySelectorAll("svg.lanes .pinned text")].filter(e => e.dataset.t === "3500").map(e => +e.getAttribute("x")))`)
		require.InDelta(t, leads-3, at, 1, "the cursor stands where the new leader's band begins")
		p.Do(run(`document.querySelector(".frame").scrollIntoView({block: "center"})`))
		x, _ := middle(p, `svg.lanes rect.hurt.hung`)
		edge := browser.Eval[float64](p, `document.querySelector("svg.lanes rect.hurt.hung").getBoundingClientRect().left`)
		_, y := middle(p, `.frame`)
		require.Greater(t, x, edge)
		p.Do(chromedp.MouseClickXY(edge+2, y))
		require.Contains(t, text(p, `.log [aria-current="true"]`), "HangDisk(alpha/m1) begins")
		p.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
		p.Until(`!document.querySelector("#tip").hidden`)
		require.Contains(t, text(p, "#tip"), "alpha: the view is")
	})

	t.Run("shows two owners and the lanes of a second manager", func(t *testing.T) {
		p := open(t, b, []report.Run{sample.TwoOwners()}, page.Options{})
		p.Do(click(`[data-is="whole"]`))
		length(p)
		p.Until(`rangeLength() === 60`)
		p.Do(run(`document.querySelector(".frame").scrollIntoView({block: "start"})`))
		pointAt := func(selector, tip string) {
			x, y := middle(p, selector)
			p.Do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
			p.Until(`!document.querySelector("#tip").hidden && document.querySelector("#tip").textContent.includes("` + tip + `")`)
		}
		pointAt(`rect.wrongly[data-tip*="by two"]`, "lock backup is claimed by two for 3.5s")
		pointAt(`rect.standing[data-tip*="c3"]`, "the key /locks/backup/c3 stands in the cluster")
		pointAt(`path.over`, "alpha, manager 2: the view is")
		box := func(selector string) []float64 {
			return browser.Eval[[]float64](p, `(r => [r.left, r.width])(document.querySelector("`+selector+`").getBoundingClientRect())`)
		}
		require.Equal(t, box("path.committed"), box("use.committed"), "the committed updates stand over the lanes of both managers")
		stroke := func(selector string) string {
			return browser.Eval[string](p, `getComputedStyle(document.querySelector("`+selector+`")).stroke`)
		}
		require.Equal(t, stroke("path.committed"), stroke("use.committed"))
		require.Contains(t, text(p, ".legend"), "claimed by two, or without its key")
	})

	t.Run("prints a picture on one page", func(t *testing.T) {
		p := open(t, b, []report.Run{sample.TwoOwners()}, page.Options{})
		_, err := chromedp.Call(p.Context, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		require.NoError(t, err)
		p.Do(chromedp.EmulateViewport(700, 600))
		p.Until(`innerHeight === 600 && getComputedStyle(document.querySelector(".tools")).display === "none"`)
		require.LessOrEqual(t, browser.Eval[float64](p, `document.querySelector("svg.lanes").getBoundingClientRect().height`), 0.78*600+1)
	})

	t.Run("copies the command", func(t *testing.T) {
		p := open(t, b, []report.Run{sample.HungLeader()}, page.Options{})
		p.Do(click(`[data-is="copy"]`))
		p.Until(`["copied", "selected"].includes(document.querySelector("[data-is=copied]").textContent)`)
	})

	t.Run("opens fifty runs in a moment", func(t *testing.T) {
		begin := time.Now()
		p := open(t, b, sample.Long(50), page.Options{})
		require.Equal(t, "50 runs", text(p, "#count"))
		t.Logf("the page was complete %v after its start by the browser's clock, and %v with its making and a new tab",
			time.Duration(browser.Eval[float64](p, `performance.getEntriesByType("navigation")[0].loadEventEnd`)*1e6), time.Since(begin))
		// A page opens in under two seconds. Here it may take five times as long, since the machine has other tests to run.
		const most = 5 * 2000
		require.Less(t, browser.Eval[float64](p, `performance.getEntriesByType("navigation")[0].loadEventEnd`), float64(most))
		began := browser.Eval[float64](p, `(() => { const t = performance.now(); document.querySelector(".open").click(); document.body.offsetHeight; return performance.now() - t; })()`)
		require.Less(t, began, float64(most), "to open a run, in milliseconds")
	})
}
