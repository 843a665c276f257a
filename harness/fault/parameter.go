package fault

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stormwatch/stormwatch/harness"
	"github.com/stormwatch/stormwatch/harness/names"
	"github.com/stormwatch/stormwatch/harness/point"
)

// parameter is one argument of a kind of fault: how it is printed, read, and found in a world.
type parameter interface {
	// what describes the parameter in errors, with an example.
	what() string
	print(arguments) string
	parse(text string, into *arguments) error
	resolve(w *harness.World, a arguments, into *subjects) error
	clusters(arguments) []string
}

type (
	memberParameter  struct{}
	clusterParameter struct{}
	delayParameter   struct{}
	jitterParameter  struct{}
	methodParameter  struct{}
	managerParameter struct{}
	// groupParameter is the first group of members, or the second if other is set.
	groupParameter struct{ other bool }
)

var (
	onMember         = []parameter{memberParameter{}}
	onCluster        = []parameter{clusterParameter{}}
	onMemberSlowly   = []parameter{memberParameter{}, delayParameter{}}
	onMethod         = []parameter{memberParameter{}, methodParameter{}}
	onMemberUnevenly = []parameter{memberParameter{}, delayParameter{}, jitterParameter{}}
	onManager        = []parameter{clusterParameter{}, managerParameter{}}
	onManagerSlowly  = []parameter{clusterParameter{}, managerParameter{}, delayParameter{}}
	onTwoGroups      = []parameter{groupParameter{}, groupParameter{other: true}}
)

func (memberParameter) what() string             { return "a member, such as alpha/m1 or alpha/leader" }
func (memberParameter) print(a arguments) string { return a.member.String() }

func (memberParameter) parse(text string, into *arguments) (err error) {
	into.member, err = harness.ParseRef(text)
	return err
}

func (memberParameter) resolve(w *harness.World, a arguments, into *subjects) (err error) {
	into.member, err = w.Resolve(a.member)
	return err
}

func (memberParameter) clusters(a arguments) []string { return []string{a.member.Cluster} }

func (clusterParameter) what() string             { return "a cluster, such as alpha" }
func (clusterParameter) print(a arguments) string { return a.cluster }

func (clusterParameter) parse(text string, into *arguments) error {
	if text == "" || strings.Contains(text, "/") {
		return fmt.Errorf("%q is no cluster's name", text)
	}
	into.cluster = text
	return nil
}

func (clusterParameter) resolve(w *harness.World, a arguments, into *subjects) (err error) {
	into.cluster, err = w.Find(a.cluster)
	return err
}

func (clusterParameter) clusters(a arguments) []string { return []string{a.cluster} }

func (delayParameter) what() string             { return "a delay, such as 250ms" }
func (delayParameter) print(a arguments) string { return a.delay.String() }

func (delayParameter) parse(text string, into *arguments) error {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is no delay: want a time above zero, such as 250ms", text)
	}
	into.delay = d
	return nil
}

func (delayParameter) resolve(_ *harness.World, a arguments, into *subjects) error {
	if a.delay <= 0 {
		return fmt.Errorf("a delay of %v: want more than zero", a.delay)
	}
	into.delay = a.delay
	return nil
}

func (delayParameter) clusters(arguments) []string { return nil }

func (jitterParameter) what() string             { return "a jitter, such as 50ms or 0s" }
func (jitterParameter) print(a arguments) string { return a.jitter.String() }

func (jitterParameter) parse(text string, into *arguments) error {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no jitter: want a time, such as 50ms, or 0s", text)
	}
	into.jitter = d
	return nil
}

func (jitterParameter) resolve(_ *harness.World, a arguments, into *subjects) error {
	if a.jitter < 0 {
		return fmt.Errorf("a jitter of %v: want zero or more", a.jitter)
	}
	into.jitter = a.jitter
	return nil
}

func (jitterParameter) clusters(arguments) []string { return nil }

func (managerParameter) what() string             { return "the number of a manager, such as 1 for the first" }
func (managerParameter) print(a arguments) string { return strconv.Itoa(a.manager) }

func (p managerParameter) parse(text string, into *arguments) error {
	n, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%q is no number of a manager", text)
	}
	into.manager = n
	return p.check(n)
}

func (managerParameter) check(n int) error {
	if n < 1 || n > point.Managers {
		return fmt.Errorf("manager %d: want a number from 1 to %d", n, point.Managers)
	}
	return nil
}

func (p managerParameter) resolve(_ *harness.World, a arguments, into *subjects) error {
	into.manager = a.manager
	return p.check(a.manager)
}

func (managerParameter) clusters(arguments) []string { return nil }

func (methodParameter) what() string             { return "one of etcd's gRPC methods, such as Txn" }
func (methodParameter) print(a arguments) string { return a.method }

func (methodParameter) parse(text string, into *arguments) error {
	if !slices.Contains(point.Methods(), text) {
		return names.Unknown("method", text, point.Methods())
	}
	into.method = text
	return nil
}

func (p methodParameter) resolve(_ *harness.World, a arguments, into *subjects) error {
	var known arguments
	if err := p.parse(a.method, &known); err != nil {
		return err
	}
	into.method = known.method
	return nil
}

func (methodParameter) clusters(arguments) []string { return nil }

func (groupParameter) what() string { return "a group of members, such as [alpha/m1 alpha/m2]" }

func (g groupParameter) of(a *arguments) *[]harness.Ref {
	if g.other {
		return &a.others
	}
	return &a.group
}

func (g groupParameter) print(a arguments) string {
	var names []string
	for _, r := range *g.of(&a) {
		names = append(names, r.String())
	}
	return "[" + strings.Join(names, " ") + "]"
}

func (g groupParameter) parse(text string, into *arguments) error {
	inner, opened := strings.CutPrefix(text, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !opened || !closed {
		return fmt.Errorf("%q is no group: want members in brackets", text)
	}
	var errs []error
	for _, word := range strings.Fields(inner) {
		r, err := harness.ParseRef(word)
		errs = append(errs, err)
		*g.of(into) = append(*g.of(into), r)
	}
	if len(errs) == 0 {
		return errors.New("a group is empty")
	}
	return errors.Join(errs...)
}

func (g groupParameter) resolve(w *harness.World, a arguments, into *subjects) error {
	for _, r := range *g.of(&a) {
		m, err := w.Resolve(r)
		if err != nil {
			return err
		}
		if g.other {
			into.others = append(into.others, m)
		} else {
			into.group = append(into.group, m)
		}
	}
	return nil
}

func (g groupParameter) clusters(a arguments) []string {
	var names []string
	for _, r := range *g.of(&a) {
		names = append(names, r.Cluster)
	}
	return names
}
