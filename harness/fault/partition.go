package fault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stormwatch/stormwatch/harness"
)

// Partition cuts the members of one group off from those of another, in both directions. Both groups are of one cluster.
func Partition(a, b []*harness.Member) harness.Fault {
	if err := twoGroups(a, b); err != nil {
		return wrong("Partition", err, group(a), group(b))
	}
	f := partition(a, b)
	f.name, f.args = "Partition", []any{group(a), group(b)}
	return f
}

// group prints a group of members: [alpha/m1 alpha/m2].
func group(members []*harness.Member) string {
	names := make([]string, len(members))
	for i, m := range members {
		names[i] = m.String()
	}
	return "[" + strings.Join(names, " ") + "]"
}

func twoGroups(a, b []*harness.Member) error {
	if len(a) == 0 || len(b) == 0 {
		return errors.New("a group is empty: a partition needs members on both sides")
	}
	for _, m := range slices.Concat(a, b) {
		if m.Cluster() != a[0].Cluster() {
			return fmt.Errorf("%s and %s are of two clusters: only members of one have links to cut", a[0], m)
		}
	}
	for _, m := range a {
		if slices.Contains(b, m) {
			return fmt.Errorf("%s is on both sides", m)
		}
	}
	return nil
}

// wrong is a fault that cannot be: injecting it says why.
func wrong(name string, err error, args ...any) harness.Fault {
	return action{name: name, args: args, begin: func(context.Context, *harness.World) (func(context.Context) error, error) {
		return nil, err
	}}
}

// appendNew appends what is not there yet.
func appendNew(list []string, items ...string) []string {
	for _, i := range items {
		if !slices.Contains(list, i) {
			list = append(list, i)
		}
	}
	return list
}
