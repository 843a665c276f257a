package soak

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"
)

// Print prints the summary as plain text. Write errors are ignored; out must remember them if they matter.
func (s *Summary) Print(out io.Writer) {
	fmt.Fprintln(out, s.Head())
	fmt.Fprintf(out, "%s\n", s.speed())
	for _, g := range s.Failures {
		fmt.Fprintf(out, "\n%sFAILED %s: %s, first with seed %d\n", status(g.Status), g.Key, plural(g.Count, "run", "runs"), g.Seed)
		fmt.Fprintf(out, "  evidence: %s\n", g.Evidence)
		if g.Cause != "" {
			fmt.Fprintf(out, "  cause: %s\n", g.Cause)
		}
		if g.File != "" {
			fmt.Fprintf(out, "  shrunk: %s, in the directory of the soak\n", g.File)
		}
		fmt.Fprintf(out, "  again: %s\n", g.Again)
	}
	if len(s.Failures) > 0 {
		fmt.Fprintln(out)
	}
	for _, u := range s.Unexplained {
		fmt.Fprintf(out, "%s of %s, whose cause was not looked for\n", plural(u.Count, "further failure", "further failures"), u.Oracle)
	}
	for _, key := range s.Gone {
		fmt.Fprintf(out, "gone: %s\n", key)
	}
	for _, u := range s.Unjudged {
		fmt.Fprintf(out, "\nnot judged: %s, first with seed %d: %s\n  again: %s\n", plural(u.Count, "run", "runs"), u.Seed, u.Cause, u.Again)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, t := range []table{s.recoveryTable(), s.boundTable()} {
		if len(t.rows) == 0 {
			continue
		}
		fmt.Fprintln(w)
		for _, row := range append([][]string{t.head}, t.rows...) {
			for i, cell := range row {
				if i > 0 {
					fmt.Fprint(w, "\t")
				}
				fmt.Fprint(w, cell)
			}
			fmt.Fprintln(w)
		}
		_ = w.Flush()
	}
}

func status(s Status) string {
	if s == "" {
		return ""
	}
	return string(s) + ": "
}

// Head says in one line what the summary is of: the manager, the engine, how many runs there were and how they ended.
func (s *Summary) Head() string { return s.title() + ": " + s.counts() }

func (s *Summary) title() string { return fmt.Sprintf("soak of %s on %s", s.Manager, s.Engine) }

// counts says how many runs there were and how they ended.
func (s *Summary) counts() string {
	text := fmt.Sprintf("%s in %.1f virtual hours, %s: %d passed, %d failed, %d not judged", plural(s.Schedules, "schedule", "schedules"),
		s.Virtual/float64(time.Hour.Milliseconds()), plural(s.Situations, "situation", "situations"), s.Outcomes.Passed, s.Outcomes.Failed, s.Outcomes.NotJudged)
	if s.Outcomes.NotAsked > 0 {
		text += fmt.Sprintf(", %d not asked", s.Outcomes.NotAsked)
	}
	return text
}

func (s *Summary) speed() string {
	elapsed := time.Duration(s.Speed.Elapsed * float64(time.Millisecond)).Round(time.Second)
	return fmt.Sprintf("%s, %.1f schedules a second, %.1f a second and worker", elapsed, s.Speed.PerSecond, s.Speed.PerWorker)
}

// table is a table to be printed as text or as Markdown.
type table struct {
	head []string
	rows [][]string
}

func (s *Summary) recoveryTable() table {
	t := table{head: []string{"RECOVERY FROM", "N", "P50", "P90", "P99", "MAX", "ALLOWANCE", "USED", "LATE"}}
	for _, r := range s.Recoveries {
		t.rows = append(t.rows, []string{
			r.Fault, fmt.Sprint(r.N), seconds(r.P50), seconds(r.P90), seconds(r.P99), seconds(r.Max), seconds(&r.Allowance), percent(r.Used), fmt.Sprint(r.Late),
		})
	}
	return t
}

func (s *Summary) boundTable() table {
	t := table{head: []string{"BOUND", "N", "P50", "MAX", ""}}
	for _, b := range s.Bounds {
		never := ""
		if !b.Approached {
			never = "never approached"
		}
		t.rows = append(t.rows, []string{b.Bound, fmt.Sprint(b.N), percent(b.P50), percent(b.Max), never})
	}
	return t
}

// seconds prints milliseconds as seconds; nil is a recovery that was late.
func seconds(ms *float64) string {
	if ms == nil {
		return "late"
	}
	return fmt.Sprintf("%.3fs", *ms/1000)
}

// percent prints a fraction, rounded down, so that what is not at a bound does not look so.
func percent(f float64) string { return fmt.Sprintf("%.0f %%", math.Floor(f*100+1e-9)) }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
