package page_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/page"
	"github.com/stormwatch/stormwatch/harness/report/page/internal/sample"
	"github.com/stormwatch/stormwatch/harness/report/page/lanes"
)

// tab is a page in a tab of the browser, with all complaints of the browser about it and all requests that it made.
type tab struct {
	*testing.T
	ctx context.Context

	mu         sync.Mutex // guards what follows, which the listener of the browser's events writes
	complaints []string
	requests   []string
}

// open writes the page of runs into a file and opens it. When the test ends, the browser must have had nothing to complain about.
func open(t *testing.T, browser context.Context, runs []report.Run, o page.Options) *tab {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, page.Write(file, runs, o))
	require.NoError(t, file.Close())
	p := &tab{T: t}
	ctx, end := chromedp.NewContext(browser, chromedp.WithListener(p.note))
	t.Cleanup(end)
	p.ctx = ctx
	address := url.URL{Scheme: "file", Path: path}
	p.do(chromedp.Navigate(address.String()))
	p.T.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		require.Empty(t, p.complaints, "the browser's complaints")
		require.Equal(t, []string{address.String()}, p.requests, "the page loads nothing but itself")
	})
	return p
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
		p.requests = append(p.requests, e.Request.URL)
	}
}

// do carries out actions in the tab.
func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	require.NoError(p, chromedp.Do(p.ctx, actions...))
}

// eval evaluates an expression of JavaScript.
func eval[T any](p *tab, expression string) T {
	p.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	require.NoError(p, err, expression)
	return value
}

// until waits until an expression is true.
func (p *tab) until(expression string) {
	p.Helper()
	p.do(chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(30*time.Second)))
}

// text is the text of the first element that a selector finds.
func text(p *tab, selector string) string {
	p.Helper()
	return eval[string](p, fmt.Sprintf("document.querySelector(%q).textContent", selector))
}

// length is how many seconds the picture shows. It defines the function rangeLength in the page.
func length(p *tab) float64 {
	p.Helper()
	return eval[float64](p, `(window.rangeLength = () => {
		const [from, to] = document.querySelector("[data-is=range]").textContent.split(" to ").map(parseFloat);
		return +(to - from).toFixed(3);
	})()`)
}

// middle is the middle of the first element that a selector finds, in the window.
func middle(p *tab, selector string) (x, y float64) {
	p.Helper()
	at := eval[[]float64](p, fmt.Sprintf("(r => [r.left + r.width / 2, r.top + r.height / 2])(document.querySelector(%q).getBoundingClientRect())", selector))
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
