package page

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/report"
	"github.com/stormwatch/stormwatch/harness/report/page/lanes"
)

// details are what the script shows of a run that is opened.
type details struct {
	Title    string           `json:"title"`
	Sentence string           `json:"sentence"`
	SVG      string           `json:"svg,omitempty"`
	Focus    *[2]float64      `json:"focus,omitempty"` // the time that matters, in milliseconds, if it is shorter than the run
	Words    []string         `json:"words"`
	Verdicts []record.Verdict `json:"verdicts"`
	Cause    string           `json:"cause,omitempty"`
	Again    string           `json:"again,omitempty"`
	Schedule string           `json:"schedule,omitempty"`
	Log      [][4]any         `json:"log"` // the transcript: the instant in milliseconds, the cluster, the member, the text
}

// dataOf is the JSON of all details, for a script element of a page.
func dataOf(runs []report.Run) (string, error) {
	list := make([]details, len(runs))
	for i, r := range runs {
		d, err := detailsOf(r, id(i))
		if err != nil {
			return "", err
		}
		list[i] = d
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // the pictures have many brackets
	if err := e.Encode(list); err != nil {
		return "", err
	}
	// Nothing in the data may end the script element, or begin a comment in it.
	return strings.NewReplacer("</", `<\/`, "<!", `\u003c!`).Replace(strings.TrimSpace(b.String())), nil
}

func detailsOf(r report.Run, id string) (details, error) {
	d := details{
		Title: lanes.Title(r), Sentence: lanes.Sentence(r), Words: lanes.Words(r), Verdicts: r.Verdicts,
		Again: r.Again, Schedule: r.Schedule, Log: [][4]any{},
	}
	o := lanes.Options{ID: id}
	if from, to, ok := lanes.Focus(r); ok {
		o.From, o.To, d.Focus = from, to, &[2]float64{from, to}
	}
	if d.Verdicts == nil {
		d.Verdicts = []record.Verdict{}
	}
	if d.Words == nil {
		d.Words = []string{}
	}
	if r.Inevitable != nil {
		d.Cause = r.Inevitable.Text
	}
	if r.Record == nil {
		return d, nil
	}
	for _, e := range r.Record.Transcript {
		d.Log = append(d.Log, [4]any{e.At, e.Cluster, e.Member, e.Text})
	}
	var svg strings.Builder
	if err := lanes.Draw(&svg, r, o); err != nil {
		return details{}, err
	}
	d.SVG = svg.String()
	return d, nil
}
