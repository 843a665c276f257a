package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// progress shows which runs are under way. On a terminal it overwrites one line each second and prints a line for each run that is done;
// elsewhere it only prints the lines. With a status, see newStatus, only what did not pass gets a line.
type progress struct {
	out      io.Writer
	terminal bool
	colour   bool
	total    int // zero: nobody knows how many
	began    time.Time
	// status is shown in place of the runs under way, and each run that passes is told only by it. Elsewhere than on a terminal it is printed as a line
	// now and then. Nil: there is none.
	status  func(done int) string
	stop    chan struct{} // ends the goroutine of tick; nil if there is none
	stopped chan struct{} // closed by that goroutine at its end

	mu   sync.Mutex // guards the fields below, and out
	done int
	now  []string // the runs under way, in the order in which they began
}

// newProgress starts a progress display for total runs. The caller must close it.
func newProgress(out io.Writer, total int) *progress { return newStatus(out, total, nil) }

// statusEvery is how often a status is printed elsewhere than on a terminal.
const statusEvery = 30 * time.Second

// newStatus starts a progress display for many runs. It shows what status returns for the number of runs done.
func newStatus(out io.Writer, total int, status func(done int) string) *progress {
	p := &progress{out: out, terminal: isTerminal(out) && os.Getenv("TERM") != "dumb", colour: inColour(out), total: total, began: time.Now(), status: status}
	if p.terminal || status != nil {
		p.stop, p.stopped = make(chan struct{}), make(chan struct{})
		every := time.Second
		if !p.terminal {
			every = statusEvery
		}
		go p.tick(every)
	}
	return p
}

// begin shows that a run is under way. It is shown until the caller calls the returned function. Several runs may be under way.
func (p *progress) begin(name string) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = append(p.now, name)
	p.rewrite()
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if i := slices.Index(p.now, name); i >= 0 {
			p.now = slices.Delete(p.now, i, i+1)
		}
	}
}

// end counts a run that is done, and prints a line with its name and outcome. A terminal gets no line if brief is set, since
// the overwritten line has the count.
func (p *progress) end(name, outcome string, r *harness.Result, brief bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if brief && (p.terminal || p.status != nil) {
		return
	}
	cause := ""
	if r.Outcome == record.NotJudged {
		first, _, _ := strings.Cut(r.Cause, "\n")
		cause = ": " + first
	}
	p.clear()
	if p.colour {
		outcome = coloured(r.Outcome, outcome)
	}
	fmt.Fprintf(p.out, "%s %s %s in %.1fs%s\n", p.count(), name, outcome, r.Wall.Seconds(), cause)
}

// count is how many runs are done, and of how many.
func (p *progress) count() string {
	if p.total == 0 {
		return fmt.Sprintf("[%d]", p.done)
	}
	return fmt.Sprintf("[%d/%d]", p.done, p.total)
}

// show sets how many runs are done and what is under way. Elsewhere than on a terminal it prints that as a line, if line is set.
func (p *progress) show(done int, now string, line bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.now = done, []string{now}
	if p.terminal {
		p.rewrite()
	} else if line {
		fmt.Fprintf(p.out, "%s %s\n", p.count(), now)
	}
}

// skip counts a run that was done before.
func (p *progress) skip() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
}

// say prints a line.
func (p *progress) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	fmt.Fprintln(p.out, text)
}

// tick overwrites the line, or prints the status, at short intervals until p.stop is closed.
func (p *progress) tick(every time.Duration) {
	defer close(p.stopped)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.mu.Lock()
			if p.rewrite(); !p.terminal {
				fmt.Fprintln(p.out, p.count(), p.status(p.done))
			}
			p.mu.Unlock()
		case <-p.stop:
			return
		}
	}
}

// width is the largest length of the line. A longer one would wrap on a narrow terminal and could not be overwritten.
const width = 79

// rewrite overwrites the line. The caller holds p.mu.
func (p *progress) rewrite() {
	if !p.terminal {
		return
	}
	head := fmt.Sprintf("%s %.0fs ", p.count(), time.Since(p.began).Seconds())
	names := strings.Join(p.now, ", ")
	if p.status != nil {
		head, names = p.count()+" ", p.status(p.done)
	}
	if len(head)+len(names) > width {
		names = names[:width-len(head)-1] + "…"
	}
	fmt.Fprint(p.out, "\r\x1b[K", head, names)
}

// clear removes the line. The caller holds p.mu.
func (p *progress) clear() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// close ends the display and blocks until its goroutine has ended. It may be called twice.
func (p *progress) close() {
	if p.stop == nil {
		return
	}
	close(p.stop)
	<-p.stopped
	p.stop = nil
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}
