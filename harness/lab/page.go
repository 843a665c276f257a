package lab

import (
	_ "embed"
	"net/http"

	"github.com/stormwatch/stormwatch/harness/report/page/lanes"
)

var (
	//go:embed web/lab.html
	pageHTML []byte
	//go:embed web/lab.css
	pageCSS []byte
	//go:embed web/lab.js
	pageJS []byte
)

// policy lets the live page use nothing but its own script, style sheet and API.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// page adds the live page to the routes.
func (s *session) page(mux *http.ServeMux) {
	file := func(kind string, content ...[]byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind+"; charset=utf-8")
			w.Header().Set("Content-Security-Policy", policy)
			for _, c := range content {
				if _, err := w.Write(c); err != nil {
					return // the caller has gone
				}
			}
		}
	}
	mux.HandleFunc("GET /{$}", file("text/html", pageHTML))
	mux.HandleFunc("GET /lab.css", file("text/css", []byte(lanes.Style), pageCSS))
	mux.HandleFunc("GET /lab.js", file("text/javascript", []byte(lanes.Script), pageJS))
}
