package main

import (
	"context"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// instance is the kind of the facts: an instance of a service, by name. Its value is its address.
const instance = "instance"

// address returns a new address for an instance. It begins with the instance's name, since some libraries show addresses and nothing else.
func address(name string, stamp int64) string { return fmt.Sprintf("%s.%d:8080", name, stamp) }

// facts returns the facts that follow from the addresses of instances, by name.
func facts(addresses map[string]string) harness.Facts {
	all := harness.Facts{}
	for name, address := range addresses {
		all[harness.Subject{Kind: instance, Name: name}] = address
	}
	return all
}

// byName returns addresses by the names of their instances.
func byName(addresses []string) map[string]string {
	all := map[string]string{}
	for _, address := range addresses {
		name, _, _ := strings.Cut(address, ".")
		all[name] = address
	}
	return all
}

// registry is a workload of instances that announce their addresses below a prefix, in the encoding that a library expects. One announces a new
// address at each load interval, one stays as it is, and two come and go.
type registry struct {
	name, summary, prefix string
	// value returns the value of an instance's key.
	value func(name, address string) string
	// write writes a key through the ledger. Nil: Ledger.Write does.
	write func(ctx context.Context, l *harness.Ledger, s harness.Subject, value string, op clientv3.Op) error
}

// instances are the names of all instances.
func instances() []string { return []string{"orders-1", "orders-2", "orders-3", "billing-1"} }

func (r registry) workload() *harness.Workload {
	return &harness.Workload{
		Name: r.name, Summary: r.summary, Prefixes: []string{r.prefix},
		Kinds: []harness.Kind{{Name: instance, Every: 1}},
		Programs: func() []harness.Program {
			return []harness.Program{
				r.program("orders-1", stay{updates: true}),
				r.program("orders-2", stay{}),
				r.program("orders-3", stay{period: 6}),
				r.program("billing-1", stay{period: 10}),
			}
		},
	}
}

// stay says how an instance behaves.
type stay struct {
	updates bool // it announces a new address at each load interval
	period  int  // for how many load intervals it stays and then stays away; zero: it stays
}

func (r registry) program(name string, s stay) harness.Program {
	subject, key := harness.Subject{Kind: instance, Name: name}, r.prefix+name
	write := r.write
	if write == nil {
		write = func(ctx context.Context, l *harness.Ledger, s harness.Subject, value string, op clientv3.Op) error {
			return l.Write(ctx, s, value, op)
		}
	}
	announce := func(ctx context.Context, l *harness.Ledger) error {
		a := address(name, l.Stamp())
		return write(ctx, l, subject, a, clientv3.OpPut(key, r.value(name, a)))
	}
	run := func(ctx context.Context, l *harness.Ledger) error {
		pace := l.Pace()
		defer pace.End()
		if err := announce(ctx, l); err != nil {
			return err
		}
		for intervals := 1; pace.Next(ctx); intervals++ {
			var err error
			switch {
			case s.updates:
				err = announce(ctx, l)
			case s.period > 0 && intervals%(2*s.period) == s.period:
				err = write(ctx, l, subject, "", clientv3.OpDelete(key))
			case s.period > 0 && intervals%(2*s.period) == 0:
				err = announce(ctx, l)
			}
			if err != nil {
				return err
			}
		}
		return ctx.Err()
	}
	return harness.Program{Name: "instance " + name, Run: run}
}
