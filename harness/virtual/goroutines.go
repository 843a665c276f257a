package virtual

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// goroutine is what the runtime prints about a goroutine.
type goroutine struct {
	bubble  uint64 // the id of its bubble; zero: in none
	durable bool   // it waits for something in its bubble
	state   string
	stack   string // its functions, the innermost first, and the function that started it
	lock    string // where it waits for a lock of package sync, as file:line; empty if it does not
}

var (
	inBubble  = regexp.MustCompile(`synctest bubble (\d+)`)
	arguments = regexp.MustCompile(`\((0x|\.\.\.|\{|\))[^/]*$`)
	position  = regexp.MustCompile(`^\t(.*:\d+)( \+0x[0-9a-f]+)?$`)
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

// ownBubble is the id of the bubble that the caller is in.
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
		g := goroutine{durable: strings.Contains(state, "(durable)")}
		g.state, _, _ = strings.Cut(strings.TrimSuffix(state, "]:"), ",")
		if strings.HasPrefix(g.state, "sync.") {
			frames, g.lock = caller(frames)
		}
		g.stack = functions(frames)
		if m := inBubble.FindStringSubmatch(state); m != nil {
			g.bubble, _ = strconv.ParseUint(m[1], 10, 64) // digits
		}
		all = append(all, g)
	}
	return all
}

// caller removes the innermost functions of packages sync and runtime from a stack. at is the position, as file:line, of the function
// that called them.
func caller(frames string) (rest, at string) {
	lines := strings.Split(frames, "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		if inSync.MatchString(lines[i]) {
			continue
		}
		if m := position.FindStringSubmatch(lines[i+1]); m != nil {
			at = m[1]
		}
		return strings.Join(lines[i:], "\n"), at
	}
	return frames, ""
}

var inSync = regexp.MustCompile(`^(internal/)?(sync|runtime)\.`)

// functions returns the functions of a stack as one line.
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

// filter returns the goroutines for which is returns true.
func filter(all []goroutine, is func(goroutine) bool) []goroutine {
	return slices.DeleteFunc(all, func(g goroutine) bool { return !is(g) })
}

// leftBehind names the goroutines that are still in the bubble.
func (b *bubble) leftBehind() error {
	id := b.id.Load()
	return describe("goroutines did not end", filter(allGoroutines(), func(g goroutine) bool { return g.bubble == id }))
}

// busy names the goroutines in the bubble that keep virtual time from passing.
func (b *bubble) busy() error {
	id := b.id.Load()
	busy := filter(allGoroutines(), func(g goroutine) bool { return g.bubble == id && !g.durable })
	err := describe("goroutines neither end nor wait for anything in virtual time", busy)
	if slices.ContainsFunc(busy, func(g goroutine) bool { return g.lock != "" }) {
		return fmt.Errorf("%w\n    a lock that is held while its holder waits, for the network say, stops virtual time: "+
			"hold it only for the fields that it guards, or use a channel", err)
	}
	return err
}

// where names the goroutine that runs the body.
func (b *bubble) where() error {
	id := b.id.Load()
	return describe("goroutines in the body", filter(allGoroutines(), func(g goroutine) bool {
		return g.bubble == id && strings.Contains(g.stack, "virtual.guarded.func")
	}))
}

// describe makes an error that lists some goroutines.
func describe(what string, all []goroutine) error {
	return fmt.Errorf("%d %s\n    %s", len(all), what, strings.Join(summarize(all), "\n    "))
}

// summarize returns one line for all goroutines that do the same, with their number. The lines are sorted.
func summarize(all []goroutine) []string {
	counts := map[string]int{}
	for _, g := range all {
		what := g.state
		if g.lock != "" {
			what = "waits in " + g.state + " at " + g.lock
		}
		counts[what+": "+g.stack]++
	}
	var lines []string
	for what, n := range counts {
		lines = append(lines, fmt.Sprintf("%d × %s", n, what))
	}
	slices.Sort(lines)
	return lines
}
