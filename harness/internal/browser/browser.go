// Package browser starts the headless browser in which the tests open the pages of this repository.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// names are the names under which Chromium is installed.
var names = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "headless-shell", "chromium-headless-shell"}

// Start starts a headless browser that ends with the test. Where there is none the test is skipped, unless STORMWATCH_NEED_BROWSER is set.
func Start(t testing.TB) context.Context {
	t.Helper()
	path := ""
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		why := fmt.Sprintf("no browser is installed: none of %v is in PATH", names)
		if os.Getenv("STORMWATCH_NEED_BROWSER") != "" {
			require.Fail(t, why)
		}
		t.Skip(why)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1300, 1000))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(ctx), "start %s", path)
	return ctx
}
