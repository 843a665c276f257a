package instance

import (
	"context"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/stormwatch/stormwatch/harness"
)

// Swap is an operator that replaces one instance by another and back, again and again. One transaction announces the one and withdraws the other,
// so a correct view never shows both, nor none.
type Swap struct {
	// Subjects are the two instances; the first is announced first.
	Subjects [2]harness.Subject
	// Announce returns the value of the instance with this index and the operations that write it, the first of which puts a key that nobody else
	// writes. stamp is a different number at each call in a cluster.
	Announce func(index int, stamp int64) (value string, ops []clientv3.Op)
	// Withdraw returns the operations that delete the announcement of the instance with this index.
	Withdraw func(index int) []clientv3.Op
	// Period is for how many load intervals an instance stays.
	Period int
}

// Run is the operator's program. It returns soon after ctx has ended.
func (s *Swap) Run(ctx context.Context, l *harness.Ledger) error {
	pace := l.Pace()
	defer pace.End()
	for n := 0; ; n++ {
		in, out := n%2, 1-n%2
		value, ops := s.Announce(in, l.Stamp())
		changes := []harness.Change{{Subject: s.Subjects[in], Value: value}}
		if n > 0 {
			changes = append(changes, harness.Change{Subject: s.Subjects[out]})
			ops = append(ops, s.Withdraw(out)...)
		}
		if err := l.WriteTogether(ctx, changes, ops...); err != nil {
			return err
		}
		if !pace.NextAfter(ctx, s.Period) {
			return ctx.Err()
		}
	}
}
