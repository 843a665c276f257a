package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/fault"
	"github.com/stormwatch/stormwatch/harness/names"
)

// Parse reads a schedule. Each line, or each part of a line between semicolons, is one of these:
//
//	# a comment; the comments before the first step describe the schedule
//	cluster NAME MEMBERS [tls] [auth]
//	watch MEMBER
//	[INSTANT] [for TIME] ACTION
//	ACTION [for TIME] [at INSTANT]
//	until TIME
//	manager NAME
//	workload NAME
//	seed NUMBER
//	fails ORACLE
//
// The last four say which run the schedule is kept for, see [Run]; each may be given once. The members of a cluster with tls serve clients over
// TLS, one with auth has authentication on, see [harness.Spec]. An action is a fault, Apply(CLUSTER, …), Rest(CLUSTER), Rival() or Close(). A step
// without an instant is at 5 s. Without cluster lines there are the clusters alpha and beta with three members each, and with the TLS or
// authentication that the faults need. Without a watch line the manager is attached to the member of the first step's fault or, if that fault
// names no member, to the leader of the first cluster. The error names each wrong line and says what is wanted.
func Parse(text string) (Schedule, error) {
	var s Schedule
	var errs []error
	for i, line := range strings.Split(text, "\n") {
		if comment, ok := strings.CutPrefix(strings.TrimSpace(line), "#"); ok {
			if len(s.Steps) == 0 {
				s.About = append(s.About, strings.TrimSpace(comment))
			}
			continue
		}
		for _, part := range strings.Split(line, ";") {
			words := strings.Fields(part)
			if len(words) == 0 {
				continue
			}
			if err := s.read(words); err != nil {
				errs = append(errs, fmt.Errorf("line %d: %w", i+1, err))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Schedule{}, err
	}
	s.sort()
	s.complete()
	return s, s.Check()
}

// firstInstant is the instant of a step without one. By then the manager has attached itself to its members.
const firstInstant = 5 * time.Second

// read parses one line.
func (s *Schedule) read(words []string) error {
	switch words[0] {
	case "cluster":
		spec, err := readSpec(words)
		s.Clusters = append(s.Clusters, spec)
		return err
	case "watch":
		if len(words) != 2 {
			return errors.New("want: watch MEMBER, such as watch alpha/leader")
		}
		m, err := harness.ParseRef(words[1])
		if err != nil {
			return err
		}
		s.Watch = append(s.Watch, m)
		return nil
	case "until":
		if len(words) != 2 {
			return errors.New("want: until TIME, such as until 1m")
		}
		until, err := length(words[1])
		s.Until = until
		return err
	case "manager":
		return say(&s.Run.Manager, words, len(words) == 2, "NAME, such as manager reference")
	case "workload":
		return say(&s.Run.Workload, words, len(words) == 2, "NAME, such as workload services")
	case "fails":
		return say(&s.Run.Fails, words, len(words) > 1, "ORACLE, such as fails freshness")
	case "seed":
		var text string
		if err := say(&text, words, len(words) == 2 && s.Run.Seed == 0, "NUMBER, once, such as seed 17"); err != nil {
			return err
		}
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil || seed == 0 {
			return fmt.Errorf("seed %q: want a whole number from 1 on", text)
		}
		s.Run.Seed = seed
		return nil
	}
	step, err := readStep(words)
	s.Steps = append(s.Steps, step)
	return err
}

// say sets a field of [Run] from the words of a line. right says whether their number is right.
func say(field *string, words []string, right bool, want string) error {
	switch {
	case !right:
		return fmt.Errorf("want: %s %s", words[0], want)
	case *field != "":
		return fmt.Errorf("%s is said twice: %s, and %s", words[0], *field, strings.Join(words[1:], " "))
	}
	*field = strings.Join(words[1:], " ")
	return nil
}

// readSpec parses a line that describes a cluster.
func readSpec(words []string) (harness.Spec, error) {
	if len(words) < 3 {
		return harness.Spec{}, errors.New("want: cluster NAME MEMBERS [tls] [auth]")
	}
	members, err := strconv.Atoi(words[2])
	if err != nil {
		return harness.Spec{}, fmt.Errorf("cluster %s has %q members: want a number", words[1], words[2])
	}
	spec := harness.Spec{Name: words[1], Members: members}
	for _, word := range words[3:] {
		switch word {
		case "tls":
			spec.TLS = true
		case "auth":
			spec.Auth = true
		default:
			return spec, fmt.Errorf("cluster %s is %q: want tls, auth, both or neither", spec.Name, word)
		}
	}
	return spec, nil
}

// readStep parses a step, with the action last or first.
func readStep(words []string) (Step, error) {
	step := Step{At: firstInstant}
	if at, err := length(words[0]); err == nil {
		step.At, words = at, words[1:]
	}
	var action []string
	for len(words) > 0 {
		switch {
		case words[0] == "for" || words[0] == "at":
			if len(words) < 2 {
				return step, fmt.Errorf("%q is followed by no time", words[0])
			}
			d, err := length(words[1])
			if err != nil {
				return step, err
			}
			if words[0] == "for" {
				step.For = d
			} else {
				step.At = d
			}
			words = words[2:]
		default:
			action = append(action, words[0])
			words = words[1:]
		}
	}
	var err error
	step.Action, err = readAction(strings.Join(action, " "))
	return step, err
}

func length(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time: want one such as 5s or 1m30s", text)
	}
	return d, nil
}

func readAction(text string) (Action, error) {
	name, rest, opened := strings.Cut(text, "(")
	inner, closed := strings.CutSuffix(rest, ")")
	switch name {
	case "Apply", "Rest":
	case "Rival", "Close":
		if !opened || !closed || strings.TrimSpace(inner) != "" {
			return nil, fmt.Errorf("%q: want %s()", text, name)
		}
		if name == "Close" {
			return Close{}, nil
		}
		return Rival{}, nil
	default:
		f, err := fault.Parse(text)
		if err != nil && !opened && !slices.ContainsFunc(fault.All(), func(d fault.Description) bool { return d.Name == name }) {
			return nil, unknown(name)
		}
		return Inject{f}, err
	}
	if !opened || !closed {
		return nil, fmt.Errorf("%q: want %s(CLUSTER)", text, name)
	}
	clusters := strings.FieldsFunc(inner, func(r rune) bool { return r == ',' || r == ' ' })
	switch {
	case name == "Apply":
		return Apply{clusters}, nil
	case len(clusters) != 1:
		return nil, fmt.Errorf("%q: want one cluster", text)
	}
	return Rest{clusters[0]}, nil
}

// unknown is the error for the name of an action that does not exist.
func unknown(name string) error {
	all := []string{"Apply", "Close", "Rest", "Rival"}
	for _, d := range fault.All() {
		all = append(all, d.Name)
	}
	return names.Unknown("action", name, all)
}

// complete fills in the clusters and the watched member if they were left out.
func (s *Schedule) complete() {
	if len(s.Clusters) == 0 {
		s.Clusters = []harness.Spec{{Name: "alpha", Members: 3}, {Name: "beta", Members: 3}}
		for i := range s.Clusters {
			for _, step := range s.Steps {
				if inject, ok := step.Action.(Inject); ok {
					s.Clusters[i] = inject.Fault.Suit(s.Clusters[i])
				}
			}
		}
	}
	if len(s.Watch) > 0 {
		return
	}
	on := harness.Ref{Cluster: s.Clusters[0].Name, Member: harness.RoleLeader}
	for _, step := range s.Steps {
		if inject, ok := step.Action.(Inject); ok {
			if m, one := inject.Fault.Member(); one && m.Member != harness.RoleWatched && s.has(m) {
				on = m
			}
			break
		}
	}
	s.Watch = []harness.Ref{on}
}

// has says whether a member may be there when the manager starts: a cluster of one has no follower.
func (s *Schedule) has(m harness.Ref) bool {
	i := slices.IndexFunc(s.Clusters, func(c harness.Spec) bool { return c.Name == m.Cluster })
	return i >= 0 && (m.Member == harness.RoleLeader || m.Member == harness.RoleFollower && s.Clusters[i].Members > 1 ||
		slices.Contains(s.Clusters[i].Names(), m.Member))
}
