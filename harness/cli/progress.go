package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/record"
)

// progress shows which runs are under way. On a terminal it overwrites one line each second and prints a line for each run that is done;
// elsewhere it only prints the lines.
type progress struct {
	out      io.Writer
	terminal bool
	total    int
	began    time.Time
	stop     chan struct{} // ends the goroutine of tick; nil if there is none
	stopped  chan struct{} // closed by that goroutine at its end

	mu   sync.Mutex // guards the fields below, and out
	done int
	now  []string // the runs under way, in the order in which they began
}

// newProgress starts a progress display for total runs. The caller must close it.
func newProgress(out io.Writer, total int) *progress {
	f, isFile := out.(*os.File)
	p := &progress{out: out, terminal: isFile && term.IsTerminal(int(f.Fd())), total: total, began: time.Now()}
	if p.terminal {
		p.stop, p.stopped = make(chan struct{}), make(chan struct{})
		go p.tick()
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
	if p.terminal && brief {
		return
	}
	cause := ""
	if r.Outcome == record.NotJudged {
		first, _, _ := strings.Cut(r.Cause, "\n")
		cause = ": " + first
	}
	p.clear()
	fmt.Fprintf(p.out, "[%d/%d] %s %s in %.1fs%s\n", p.done, p.total, name, outcome, r.Wall.Seconds(), cause)
}

// show sets how many runs are done and what is under way. Elsewhere than on a terminal it prints that as a line, if line is set.
func (p *progress) show(done int, now string, line bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done, p.now = done, []string{now}
	if p.terminal {
		p.rewrite()
	} else if line {
		fmt.Fprintf(p.out, "[%d/%d] %s\n", p.done, p.total, now)
	}
}

// tick overwrites the line each second until p.stop is closed.
func (p *progress) tick() {
	defer close(p.stopped)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.mu.Lock()
			p.rewrite()
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
	head := fmt.Sprintf("[%d/%d] %.0fs ", p.done, p.total, time.Since(p.began).Seconds())
	names := strings.Join(p.now, ", ")
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
