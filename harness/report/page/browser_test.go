package page_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/internal/browser"
	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/page"
	"github.com/stormwatch/stormwatch/harness/report/page/internal/sample"
	"github.com/stormwatch/stormwatch/harness/report/page/lanes"
)

// open writes the page of runs into a file and opens it. When the test ends, the browser must have had nothing to complain about.
func open(t *testing.T, in context.Context, runs []report.Run, o page.Options) *browser.Tab {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, page.Write(file, runs, o))
	require.NoError(t, file.Close())
	p := browser.NewTab(t, in)
	address := url.URL{Scheme: "file", Path: path}
	p.Do(chromedp.Navigate(address.String()))
	t.Cleanup(func() {
		require.Empty(t, p.Complaints(), "the browser's complaints")
		require.Equal(t, []string{address.String()}, p.Requests(), "the page loads nothing but itself")
	})
	return p
}

// text is the text of the first element that a selector finds.
func text(p *browser.Tab, selector string) string {
	p.Helper()
	return browser.Eval[string](p, fmt.Sprintf("document.querySelector(%q).textContent", selector))
}

// length is how many seconds the picture shows. It defines the function rangeLength in the page.
func length(p *browser.Tab) float64 {
	p.Helper()
	return browser.Eval[float64](p, `(window.rangeLength = () => {
		const [from, to] = document.querySelector("[data-is=range]").textContent.split(" to ").map(parseFloat);
		return +(to - from).toFixed(3);
	})()`)
}

// middle is the middle of the first element that a selector finds, in the window.
func middle(p *browser.Tab, selector string) (x, y float64) {
	p.Helper()
	at := browser.Eval[[]float64](p, fmt.Sprintf("(r => [r.left + r.width / 2, r.top + r.height / 2])(document.querySelector(%q).getBoundingClientRect())", selector))
	return at[0], at[1]
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// focus is how many seconds of the sample matter.
func focus(t *testing.T) float64 {
	t.Helper()
	from, to, ok := lanes.Focus(sample.HungLeader())
	require.True(t, ok)
	return (to - from) / 1000
}

func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

func focusOn(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Focus(chromedp.CSS(selector))
}

// run runs an expression of JavaScript for its effect.
func run(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](expression)
}

// left is an option of a mouse event: the left button.
func left(p *input.DispatchMouseEventParams) { p.Button, p.Buttons = input.MouseButtonLeft, 1 }
