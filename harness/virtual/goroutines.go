package virtual

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// goroutine is one as the runtime prints it.
type goroutine struct {
	bubble  uint64 // zero: in none
	durable bool   // waits for something in its bubble
	state   string
	stack   string // its functions from the innermost out, and who started it
}

var (
	inBubble  = regexp.MustCompile(`synctest bubble (\d+)`)
	arguments = regexp.MustCompile(`\((0x|\.\.\.|\{|\))[^/]*$`)
)

// allGoroutines lists those of the process. It stops the world for a moment.
func allGoroutines() []goroutine {
	buffer := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buffer, true)
		if n < len(buffer) {
			return parseGoroutines(string(buffer[:n]))
		}
		buffer = make([]byte, 2*len(buffer))
	}
}

// ownBubble is the bubble that the caller is in.
func ownBubble() uint64 {
	buffer := make([]byte, 4096)
	own := parseGoroutines(string(buffer[:runtime.Stack(buffer, false)]))
	if len(own) == 0 {
		return 0
	}
	return own[0].bubble
}

// parseGoroutines reads what runtime.Stack writes.
func parseGoroutines(dump string) []goroutine {
	var all []goroutine
	for text := range strings.SplitSeq(dump, "\n\n") {
		header, frames, _ := strings.Cut(text, "\n")
		_, state, found := strings.Cut(header, "[")
		if !strings.HasPrefix(header, "goroutine ") || !found {
			continue
		}
		g := goroutine{stack: functions(frames), durable: strings.Contains(state, "(durable)")}
		g.state, _, _ = strings.Cut(strings.TrimSuffix(state, "]:"), ",")
		if m := inBubble.FindStringSubmatch(state); m != nil {
			g.bubble, _ = strconv.ParseUint(m[1], 10, 64) // digits
		}
		all = append(all, g)
	}
	return all
}

// functions makes one line of a stack.
func functions(frames string) string {
	var names []string
	for line := range strings.SplitSeq(frames, "\n") {
		if line == "" || strings.HasPrefix(line, "\t") {
			continue
		}
		if creator, ok := strings.CutPrefix(line, "created by "); ok {
			creator, _, _ = strings.Cut(creator, " in goroutine")
			names = append(names, "started by "+creator)
			continue
		}
		names = append(names, arguments.ReplaceAllString(line, ""))
	}
	return strings.Join(names, " < ")
}

// those are the goroutines of which is holds.
func those(all []goroutine, is func(goroutine) bool) []goroutine {
	return slices.DeleteFunc(all, func(g goroutine) bool { return !is(g) })
}

// leftBehind names the goroutines that are still in the bubble.
func (b *bubble) leftBehind() error {
	id := b.id.Load()
	return describe("goroutines did not end", those(allGoroutines(), func(g goroutine) bool { return g.bubble == id }))
}

// busy names those of them that keep time from passing.
func (b *bubble) busy() error {
	id := b.id.Load()
	return describe("goroutines neither end nor wait for anything in virtual time",
		those(allGoroutines(), func(g goroutine) bool { return g.bubble == id && !g.durable }))
}

// where names the one that is in the body.
func (b *bubble) where() error {
	id := b.id.Load()
	return describe("goroutines in the body", those(allGoroutines(), func(g goroutine) bool {
		return g.bubble == id && strings.Contains(g.stack, "virtual.guarded.func")
	}))
}

// describe says what some goroutines do.
func describe(what string, all []goroutine) error {
	return fmt.Errorf("%d %s\n    %s", len(all), what, strings.Join(summarize(all), "\n    "))
}

// summarize makes one line of all that do the same, in a fixed order.
func summarize(all []goroutine) []string {
	counts := map[string]int{}
	for _, g := range all {
		counts[g.state+": "+g.stack]++
	}
	var lines []string
	for what, n := range counts {
		lines = append(lines, fmt.Sprintf("%d × %s", n, what))
	}
	slices.Sort(lines)
	return lines
}
