package harness

import "context"

// Workload is the programs that write into a world's clusters, and the kinds of facts that follow from what they write.
//
// The programs stand for other machines. They write through the member that truly leads, and so get through whatever a scenario does to
// the manager's way to etcd: what they have written is the truth that the manager is measured by. They are no systems under test.
type Workload struct {
	Name, Summary string
	Kinds         []Kind
	// Prefixes are the key prefixes below which the facts are, for managers that can watch any.
	Prefixes []string
	// Facts are what follows from all keys below the prefixes and their values.
	Facts func(values map[string]string) Facts
	// Programs are those of one cluster. Each is given the cluster's ledger and runs from before the manager starts until the world closes.
	Programs func() []Program
}

// Program is one of a workload's. Run returns soon after ctx has ended. A program that ends with an error before that makes the run one that
// cannot be judged.
type Program struct {
	Name string
	Run  func(ctx context.Context, l *Ledger) error
}
