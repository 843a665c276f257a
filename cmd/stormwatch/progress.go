package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/stormwatch/stormwatch/harness"
)

// progress tells what runs now: on a terminal a line that is written over each second, elsewhere a plain line a scenario.
type progress struct {
	out      io.Writer
	terminal bool
	total    int
	done     int
	name     string
	began    time.Time
	stop     chan struct{}
	stopped  chan struct{}
}

func newProgress(out io.Writer, total int) *progress {
	f, isFile := out.(*os.File)
	return &progress{out: out, terminal: isFile && term.IsTerminal(int(f.Fd())), total: total}
}

// begin says that a scenario runs, until end.
func (p *progress) begin(name string) {
	p.name, p.began = name, time.Now()
	if !p.terminal {
		return
	}
	p.stop, p.stopped = make(chan struct{}), make(chan struct{})
	go p.tick()
}

// tick rewrites the line until the scenario ends.
func (p *progress) tick() {
	defer close(p.stopped)
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		fmt.Fprintf(p.out, "\r\x1b[K[%d/%d] %s %.0fs", p.done+1, p.total, p.name, time.Since(p.began).Seconds())
		select {
		case <-ticker.C:
		case <-p.stop:
			fmt.Fprint(p.out, "\r\x1b[K")
			return
		}
	}
}

// end says how the scenario went.
func (p *progress) end(r *harness.Result) {
	if p.terminal {
		close(p.stop)
		<-p.stopped
	}
	p.done++
	word := "passed"
	if !r.Passed {
		word = "FAILED"
	}
	fmt.Fprintf(p.out, "[%d/%d] %s %s in %.1fs\n", p.done, p.total, p.name, word, r.Wall.Seconds())
}
