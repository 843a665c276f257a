package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/names"
)

// within is the value of the flag --within, the limits that override a candidate's own. The flag may be given more than once.
type within struct{ limits harness.Limits }

var _ pflag.Value = (*within)(nil)

// Set adds one value of the flag: "30s" is a limit for every fault, "HangDisk=30s" one for a single fault.
func (w *within) Set(text string) error {
	name, length, one := strings.Cut(text, "=")
	if !one {
		length = text
	}
	limit, err := time.ParseDuration(strings.TrimSpace(length))
	if err != nil || limit <= 0 {
		return fmt.Errorf("want a time such as 30s for every fault, or one for a fault such as HangDisk=30s")
	}
	if !one {
		w.limits.Any = limit
		return nil
	}
	var all []string
	for _, d := range fault.All() {
		all = append(all, d.Name)
	}
	name = strings.TrimSpace(name)
	if !slices.Contains(all, name) {
		return names.Unknown("fault", name, all)
	}
	if w.limits.Of == nil {
		w.limits.Of = map[string]time.Duration{}
	}
	w.limits.Of[name] = limit
	return nil
}

// Type is what the help calls a value.
func (*within) Type() string { return "limit" }

// String returns the limits given so far. pflag prints them as the default in the help, so the string is empty before Set.
func (w *within) String() string { return strings.Join(w.words(), " ") }

// words returns the limits in the form that Set reads.
func (w *within) words() []string {
	var list []string
	if w.limits.Any > 0 {
		list = append(list, w.limits.Any.String())
	}
	for _, name := range slices.Sorted(maps.Keys(w.limits.Of)) {
		list = append(list, name+"="+w.limits.Of[name].String())
	}
	return list
}

// again returns the limits as flags of a command line.
func (w *within) again() []string {
	var list []string
	for _, word := range w.words() {
		list = append(list, "--within", word)
	}
	return list
}

func (w *within) add(f *pflag.FlagSet) {
	f.Var(w, "within", "judge the manager by this `limit` instead of the one that follows from its timing: 30s, or HangDisk=30s for one fault; may be given more than once")
}

// seedRange is the value of the flag --seeds: the first and the last seed to search.
type seedRange struct {
	first, last uint64
	given       bool
}

var _ pflag.Value = (*seedRange)(nil)

// Set reads a range such as "1-100".
func (s *seedRange) Set(text string) error {
	first, last, _ := strings.Cut(text, "-")
	from, err := strconv.ParseUint(first, 10, 64)
	to, err2 := strconv.ParseUint(last, 10, 64)
	if err != nil || err2 != nil || from > to || to-from >= mostSeeds {
		return fmt.Errorf("want the first and the last seed, such as 1-100")
	}
	*s = seedRange{from, to, true}
	return nil
}

// mostSeeds is the largest number of seeds in a range. It keeps the number of runs within an int.
const mostSeeds = 1 << 30

// Type is what the help calls a value.
func (*seedRange) Type() string { return "range" }

func (s *seedRange) String() string {
	if !s.given {
		return ""
	}
	return fmt.Sprintf("%d-%d", s.first, s.last)
}

func (s *seedRange) count() int { return int(s.last-s.first) + 1 }
