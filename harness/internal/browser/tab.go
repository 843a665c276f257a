package browser

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Tab is a tab of a browser, with what the browser complained about in it and the requests that it made.
type Tab struct {
	testing.TB
	// Context is the one for package chromedp.
	Context context.Context

	mu         sync.Mutex // guards what follows, which the listener of the browser's events writes
	complaints []string
	requests   []string
}

// NewTab opens a tab that is closed when the test ends.
func NewTab(t testing.TB, browser context.Context) *Tab {
	p := &Tab{TB: t}
	ctx, end := chromedp.NewContext(browser, chromedp.WithListener(p.note))
	t.Cleanup(end)
	p.Context = ctx
	return p
}

func (p *Tab) note(event any) {
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

// Complaints are what the browser complained about since this was called last: its log, exceptions, and calls of the console.
func (p *Tab) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	complaints := p.complaints
	p.complaints = nil
	return complaints
}

// Requests are the addresses that the tab has asked for.
func (p *Tab) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...)
}

// Do carries out actions.
func (p *Tab) Do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	require.NoError(p, chromedp.Do(p.Context, actions...))
}

// Until waits until an expression of JavaScript is true. It fails the test after half a minute.
func (p *Tab) Until(expression string) {
	p.Helper()
	p.Do(chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(30*time.Second)))
}

// Eval evaluates an expression of JavaScript.
func Eval[T any](p *Tab, expression string) T {
	p.Helper()
	value, err := chromedp.Run(p.Context, chromedp.Evaluate[T](expression))
	require.NoError(p, err, expression)
	return value
}
