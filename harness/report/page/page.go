// Package page makes a page of runs: one HTML file that needs no network, for people to look at.
//
//	[]report.Run ──► a table of all runs, sorted and filtered
//	             └─► each run: its lanes (package lanes), its verdicts, how to run it again, its transcript
//
// The page forbids itself everything but its own style sheet and script, by a content security policy with their hashes. What it shows of each run stands
// in one script element, as JSON; the elements of a run are made when the reader opens it. So fifty runs open in a moment.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/page/lanes"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string
	//go:embed page.js
	pageJS string
)

var layout = template.Must(template.New("page").Parse(pageHTML))

// Options say how a page is made. The zero value is complete.
type Options struct {
	// Title is the heading. Empty: "Stormwatch".
	Title string
	// Most is how many runs the page shows at most: first those that did not pass, then a sample of the others, and the page says so. Zero: 200.
	Most int
}

// Write writes the page of runs: those that failed first, then those that were not judged, then the others, else in the order given. The same runs always give the same page. It returns an error if w does, or if a run cannot
// be written as JSON.
func Write(w io.Writer, runs []report.Run, o Options) error {
	if o.Title == "" {
		o.Title = "Stormwatch"
	}
	if o.Most <= 0 {
		o.Most = 200
	}
	shown := ordered(choose(runs, o.Most))
	data, err := dataOf(shown)
	if err != nil {
		return fmt.Errorf("write the page of %d runs: %w", len(runs), err)
	}
	style, script := lanes.Style+pageCSS, lanes.Script+pageJS
	err = layout.Execute(w, struct {
		Title, Policy, Summary, Left string
		Style, Data, Script          template.HTML
		Legend                       []lanes.Key
		Filters                      []choice
		Rows                         []row
	}{
		Title:   o.Title,
		Policy:  "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " + hash(style) + "; script-src " + hash(script),
		Summary: summary(runs), Left: left(runs, shown),
		Style:  template.HTML("<style>" + style + "</style>"),
		Script: template.HTML("<script>" + script + "</script>"),
		Data:   template.HTML(`<script type="application/json" id="data">` + data + "</script>"),
		Legend: lanes.Legend(shown), Filters: choices(shown), Rows: rows(shown),
	})
	if err != nil {
		return fmt.Errorf("write the page of %d runs: %w", len(runs), err)
	}
	return nil
}

// hash is how a content security policy names the content of an element.
func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
