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

// progress tells what is under way: on a terminal a line that is written over each second, elsewhere a plain line for each run that is done.
type progress struct {
	out      io.Writer
	terminal bool
	total    int
	began    time.Time
	stop     chan struct{} // nil unless something ticks
	stopped  chan struct{}

	mu   sync.Mutex // guards the fields below, and out
	done int
	now  []string // what is under way, in the order of its beginning
}

// newProgress begins to tell. The caller must close it.
func newProgress(out io.Writer, total int) *progress {
	f, isFile := out.(*os.File)
	p := &progress{out: out, terminal: isFile && term.IsTerminal(int(f.Fd())), total: total, began: time.Now()}
	if p.terminal {
		p.stop, p.stopped = make(chan struct{}), make(chan struct{})
		go p.tick()
	}
	return p
}

// begin says that a run is under way, until the function that it returns is called. Several may be.
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

// end says how a run went.
func (p *progress) end(r *harness.Result, seed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	name := r.Scenario + " on " + r.Engine
	if seed {
		name += fmt.Sprintf(", seed %d", r.Seed)
		if p.terminal && r.Outcome == record.Passed {
			return // the line that is written over is enough
		}
	}
	cause := ""
	if r.Outcome == record.NotJudged {
		first, _, _ := strings.Cut(r.Cause, "\n")
		cause = ": " + first
	}
	p.clear()
	fmt.Fprintf(p.out, "[%d/%d] %s %s in %.1fs%s\n", p.done, p.total, name, word(r.Outcome), r.Wall.Seconds(), cause)
}

// tick rewrites the line each second.
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

// width is how long the line may become: longer ones could not be written over.
const width = 79

// rewrite writes the line over. The caller holds p.mu.
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

// close ends the telling. It may be called twice.
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
