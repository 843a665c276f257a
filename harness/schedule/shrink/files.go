package shrink

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"github.com/stormwatch/stormwatch/harness/schedule"
)

// file completes the small schedule for a file of its own.
func (f Found) file(s schedule.Schedule) schedule.Schedule {
	r := f.Result
	s.Run = schedule.Run{Manager: r.Manager, Workload: r.Workload, Seed: r.Seed, Fails: f.Oracle}
	s.About = append(s.About, f.Oracle+" fails: "+f.evidence())
	if f.Cause.Text != "" {
		s.About = append(s.About, f.Cause.Text)
	}
	return s
}

// evidence is what the oracle says, on one line.
func (f Found) evidence() string {
	for _, v := range f.Result.Failed() {
		if v.Oracle == f.Oracle {
			return strings.Join(strings.Fields(v.Evidence), " ")
		}
	}
	return ""
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// name is what the files of the failure are called, without their endings: oracle, manager, seed.
func (f Found) name() string {
	name := strings.ToLower(fmt.Sprintf("%s-%s-%d", f.Oracle, f.Result.Manager, f.Result.Seed))
	return strings.Trim(notInNames.ReplaceAllString(name, "-"), "-")
}

//go:embed test.go.tmpl
var testText string

var testTemplate = template.Must(template.New("test").Parse(testText))

// GoTest is a file with a test that runs the schedule again. Its reader replaces the candidate in it, which cannot be named here.
func (f Found) GoTest() []byte {
	engine := "virtual"
	call := fmt.Sprintf("virtual.New(t, %d)", f.Result.Seed)
	if f.Result.Engine != engine {
		engine, call = "embedded", "embedded.Engine{}"
	}
	name := ""
	for word := range strings.SplitSeq(f.name(), "-") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	run := f.Schedule
	run.About, run.Run = nil, schedule.Run{}
	var text bytes.Buffer
	if err := testTemplate.Execute(&text, map[string]any{
		"Name": name, "Slug": f.name(), "About": f.Schedule.About, "Schedule": run.String(), "Oracle": f.Oracle, "Manager": f.Result.Manager,
		"Workload": f.Result.Workload, "Seed": f.Result.Seed, "Package": engine, "Engine": call,
	}); err != nil {
		return fmt.Appendf(nil, "// no test could be made: %v\n", err)
	}
	formatted, err := format.Source(text.Bytes())
	if err != nil {
		return text.Bytes()
	}
	return formatted
}

// Write writes the schedule and the Go test into a directory, which it makes if it does not exist, and returns the name of the schedule's file. A file that
// is there already is replaced.
func (f Found) Write(dir string) (file string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	file = filepath.Join(dir, f.name()+".txt")
	if err := os.WriteFile(file, []byte(f.Schedule.String()), 0o644); err != nil {
		return "", err
	}
	return file, os.WriteFile(filepath.Join(dir, strings.ReplaceAll(f.name(), "-", "_")+"_test.go"), f.GoTest(), 0o644)
}
