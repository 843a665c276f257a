package harness

import "context"

// Workload is the programs that write to a world's clusters, and the kinds of facts that follow from what they write.
//
// The programs stand for other machines; they are not under test. They write through the ledger, over connections that no fault on links to clients
// affects, so that updates go on while the manager is cut off. The harness compares the manager's views with what they have written.
type Workload struct {
	// Name is its name in the command, Summary one sentence.
	Name, Summary string
	// Kinds are the kinds of the facts.
	Kinds []Kind
	// Prefixes are the prefixes of the keys that the facts follow from. A manager that can watch any prefix watches these.
	Prefixes []string
	// Things are what managers can own, each of which has one owner at most. Empty: nothing.
	Things []Thing
	// Facts returns the facts that follow from the values of all keys under the prefixes, by key. Managers of this repository use it.
	Facts func(values map[string]string) Facts
	// Programs makes the programs for one cluster. They run from before the manager starts until the world closes.
	Programs func() []Program
}

// Program is one program of a workload.
type Program struct {
	// Name is its name in errors.
	Name string
	// Run writes to one cluster through its ledger, and returns soon after ctx has ended. If it returns earlier or panics, the run is not judged.
	Run func(ctx context.Context, l *Ledger) error
}

// Thing is something that one manager at a time can own, for example a lock or a leadership.
type Thing struct {
	// Subject is its kind and name.
	Subject Subject
	// Prefix is where those who want to own it put their keys, each under a lease of its own. Nobody else writes there.
	Prefix string
}
