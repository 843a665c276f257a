package point

import (
	"strconv"
	"sync"
)

// namespace is the common prefix of all paths of one board, so that two worlds in one process never share a switch. The first open board
// has plain paths (stormwatch/alpha/m1/wal-save), which a user of GO_FAILPOINTS can know beforehand. A second board at the same time has
// stormwatch/2/alpha/m1/wal-save, the next stormwatch/3/…. The names of clusters begin with a letter, so no path is ambiguous.
type namespace int

const root = "stormwatch/"

// namespaces are the namespaces in use. They are global because failpoint's registry is.
var namespaces = struct {
	mu    sync.Mutex
	taken map[namespace]bool
}{taken: map[namespace]bool{}}

// takeNamespace takes the first free namespace.
func takeNamespace() namespace {
	namespaces.mu.Lock()
	defer namespaces.mu.Unlock()
	n := namespace(1)
	for namespaces.taken[n] {
		n++
	}
	namespaces.taken[n] = true
	return n
}

// giveBack makes the namespace free again.
func (n namespace) giveBack() {
	namespaces.mu.Lock()
	defer namespaces.mu.Unlock()
	delete(namespaces.taken, n)
}

// prefix is what the namespace's paths begin with.
func (n namespace) prefix() string {
	if n == 1 {
		return root
	}
	return root + strconv.Itoa(int(n)) + "/"
}

// plain says whether the namespace is the one without a number.
func (n namespace) plain() bool { return n == 1 }
