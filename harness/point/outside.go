package point

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pingcap/failpoint"

	"github.com/stormwatch/stormwatch/harness/names"
)

// Switch is a switch that was switched on without the board: by GO_FAILPOINTS, failpoint's HTTP handler, or failpoint.Enable. Cluster,
// Member and Name are the parts of its path; the last of them are empty if the path is too short.
type Switch struct {
	Path    Path
	Cluster string
	Member  string
	Name    Name
	Terms   string
}

func (s Switch) String() string { return string(s.Path) + "=" + s.Terms }

// Decisions are the decisions that the switch may come to; none if its terms cannot be parsed.
func (s Switch) Decisions() []Decision {
	decisions, err := readTerms(s.Terms)
	if err != nil {
		return nil
	}
	return decisions
}

// Outside are the switches of the board's namespace that are on and were not thrown by the board, sorted by path.
func (b *Board) Outside() []Switch {
	b.mu.Lock()
	defer b.mu.Unlock()
	var outside []Switch
	for _, path := range failpoint.List() { // sorted
		rest, ours := strings.CutPrefix(path, b.namespace.prefix())
		if !ours || b.namespace.plain() && inNumbered(rest) {
			continue
		}
		terms, err := failpoint.Status(path)
		if stack := b.thrown[Path(path)]; len(stack) > 0 {
			if stack[0].board != nil {
				continue
			}
			terms, err = stack[0].terms, nil // the board has thrown the switch too, and will restore these terms
		}
		if err != nil {
			continue // off
		}
		outside = append(outside, readSwitch(Path(path), rest, terms))
	}
	return outside
}

// readSwitch takes a path apart. rest is the path without what all paths of the board begin with.
func readSwitch(p Path, rest, terms string) Switch {
	s := Switch{Path: p, Terms: terms}
	s.Cluster, rest, _ = strings.Cut(rest, "/")
	member, name, _ := strings.Cut(rest, "/")
	s.Member, s.Name = member, Name(name)
	return s
}

// CheckSwitch returns an error if a switch that somebody is about to switch on without the board has no effect in a world of these clusters, see
// [Board.CheckOutside], or if its terms are not allowed.
func (b *Board) CheckSwitch(p Path, terms string, clusters map[string][]string) error {
	rest, ours := strings.CutPrefix(string(p), b.namespace.prefix())
	if !ours {
		return fmt.Errorf("fault point %s: want a path that begins with %s", p, b.namespace.prefix())
	}
	s := readSwitch(p, rest, terms)
	if err := s.check(clusters); err != nil {
		return fmt.Errorf("fault point %s: %w", s, err)
	}
	return nil
}

// inNumbered says whether a path without its root is one of another board's namespace.
func inNumbered(rest string) bool {
	number, _, _ := strings.Cut(rest, "/")
	_, err := strconv.Atoi(number)
	return err == nil
}

// CheckOutside returns an error for each switch of [Board.Outside] that has no effect in a world of these clusters, because there is no such
// cluster, member or point, or because the point does not support the terms. clusters are the names of the members by cluster. The error
// suggests the nearest names.
func (b *Board) CheckOutside(clusters map[string][]string) error {
	var errs []error
	for _, s := range b.Outside() {
		if err := s.check(clusters); err != nil {
			errs = append(errs, fmt.Errorf("fault point %s, thrown from outside: %w", s, err))
		}
	}
	return errors.Join(errs...)
}

func (s Switch) check(clusters map[string][]string) error {
	members, ok := clusters[s.Cluster]
	if !ok {
		return fmt.Errorf("no cluster is called %q; %s", s.Cluster, names.Offer(s.Cluster, sortedKeys(clusters)))
	}
	if !slices.Contains(members, s.Member) {
		return fmt.Errorf("cluster %s has no member %q; %s", s.Cluster, s.Member, names.Offer(s.Member, members))
	}
	peers := slices.DeleteFunc(slices.Clone(members), func(m string) bool { return m == s.Member })
	if points := namesOf(peers); !slices.Contains(points, s.Name) {
		return fmt.Errorf("member %s/%s has no point %q; %s", s.Cluster, s.Member, s.Name, names.Offer(string(s.Name), points))
	}
	return s.Name.checkTerms(s.Terms)
}

// checkTerms returns an error unless the point supports every term.
func (n Name) checkTerms(terms string) error {
	decisions, err := readTerms(terms)
	if err != nil {
		return err
	}
	for _, d := range decisions {
		if d.Kind != Pass && !slices.Contains(n.Kinds(), d.Kind) {
			return fmt.Errorf("terms %s: %v means nothing at %s, which understands %v", terms, d.Kind, n, n.Kinds())
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
