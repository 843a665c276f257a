// Package junit writes the outcomes of runs as JUnit XML, which CI systems read and show:
//
//	testsuites                          all runs
//	  testsuite "mine on virtual"       one manager on one engine
//	    testcase "hung-leader, seed 1"  one run
//	      failure, error or skipped     why it did not pass: a verdict failed, it could not be judged, it had nothing to ask
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness/record"
	"github.com/stormwatch/stormwatch/harness/report"
)

// Report is a document that runs are added to. The zero value is an empty one. It keeps of each run only what the document says of it, not its record.
type Report struct {
	counts
	suites []*suite // in the order of their first runs
}

// Add adds a run as a case of the suite of its manager and engine.
func (r *Report) Add(run report.Run) {
	name := fmt.Sprintf("%s on %s", run.Manager, run.Engine)
	i := slices.IndexFunc(r.suites, func(s *suite) bool { return s.Name == name })
	if i < 0 {
		i = len(r.suites)
		// Jenkins takes what is before the last dot of a class for a package, and shows packages as folders.
		r.suites = append(r.suites, &suite{Name: name, names: map[string]int{}, class: "stormwatch." + run.Engine + "." + strings.ReplaceAll(run.Manager, ".", "_")})
	}
	s := r.suites[i]
	c := testCase{Class: s.class, Name: s.unique(nameOf(run)), Time: seconds(run.Wall / 1000)}
	switch run.Outcome {
	case record.Passed:
	case record.Failed:
		c.Failure = failure(run)
	case record.NotAsked:
		c.Skipped = &outcome{Message: firstLine(run.Cause)}
	default:
		c.Error = &outcome{Message: firstLine(run.Cause), Type: string(record.NotJudged), Text: run.Cause + again(run)}
	}
	s.Cases = append(s.Cases, c)
	s.count(c)
	r.count(c)
}

// Write writes the document. It returns an error if w does.
func (r *Report) Write(w io.Writer) error {
	_, err := io.WriteString(w, xml.Header)
	if err == nil {
		to := xml.NewEncoder(w)
		to.Indent("", "  ")
		err = to.Encode(document{Name: "stormwatch", counts: r.counts, Suites: r.suites})
	}
	if err == nil {
		_, err = io.WriteString(w, "\n")
	}
	if err != nil {
		return fmt.Errorf("write the runs as JUnit XML: %w", err)
	}
	return nil
}

// nameOf tells a run from the others of its suite. CI systems follow a case from one build to the next by its name, so it says nothing that changes.
func nameOf(run report.Run) string {
	name := fmt.Sprintf("%s, seed %d", run.Scenario, run.Seed)
	if run.Inevitable != nil {
		name += ", shrunk"
	}
	return name
}

// failure has the first failed verdict as its message, and all of them, with what helps to see them again, as its text.
func failure(run report.Run) *outcome {
	var out outcome
	var text strings.Builder
	more := 0
	for _, v := range run.Verdicts {
		if v.Outcome != record.Failed {
			continue
		}
		fmt.Fprintf(&text, "%s: %s\n", v.Oracle, v.Evidence)
		if out.Type == "" {
			out.Type, out.Message = v.Oracle, v.Oracle+": "+firstLine(v.Evidence)
		} else {
			more++
		}
	}
	if more > 0 {
		out.Message += fmt.Sprintf(" (and %d more)", more)
	}
	if run.Inevitable != nil {
		at := time.Duration(run.Inevitable.At * float64(time.Millisecond))
		fmt.Fprintf(&text, "inevitable since %s: %s\n", record.Stamp(at), run.Inevitable.Text)
	}
	out.Text = strings.TrimSuffix(text.String(), "\n") + again(run)
	if run.Schedule != "" {
		out.Text += "\n\n" + strings.TrimSpace(run.Schedule)
	}
	return &out
}

// again is the line with the command that makes a run again, if there is one.
func again(run report.Run) string {
	if run.Again == "" {
		return ""
	}
	return "\nagain: " + run.Again
}

// firstLine is the first line of a text. A message is an attribute, in which line breaks are lost.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// document, suite, testCase and outcome are the elements. Their names and attributes are those that Ant and Maven write, and Jenkins, GitLab and others
// read.
type document struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	counts
	Suites []*suite `xml:"testsuite"`
}

type suite struct {
	Name string `xml:"name,attr"`
	counts
	Cases []testCase `xml:"testcase"`

	class string
	names map[string]int // how many cases have the name
}

// unique adds a number to a name that another case has, since CI systems take cases of the same name for one. A failure may have been shrunk for several
// oracles.
func (s *suite) unique(name string) string {
	s.names[name]++
	if n := s.names[name]; n > 1 {
		return fmt.Sprintf("%s (%d)", name, n)
	}
	return name
}

type testCase struct {
	Class   string   `xml:"classname,attr"`
	Name    string   `xml:"name,attr"`
	Time    seconds  `xml:"time,attr"`
	Skipped *outcome `xml:"skipped"`
	Error   *outcome `xml:"error"`
	Failure *outcome `xml:"failure"`
}

type outcome struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// counts are how many cases there are, and how long they took by the wall clock.
type counts struct {
	Tests    int     `xml:"tests,attr"`
	Failures int     `xml:"failures,attr"`
	Errors   int     `xml:"errors,attr"`
	Skipped  int     `xml:"skipped,attr"`
	Time     seconds `xml:"time,attr"`
}

func (n *counts) count(c testCase) {
	n.Tests++
	n.Time += c.Time
	switch {
	case c.Failure != nil:
		n.Failures++
	case c.Error != nil:
		n.Errors++
	case c.Skipped != nil:
		n.Skipped++
	}
}

// seconds are written with three decimals, since some readers know no exponent.
type seconds float64

// MarshalText implements [encoding.TextMarshaler].
func (s seconds) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(s), 'f', 3, 64), nil
}
